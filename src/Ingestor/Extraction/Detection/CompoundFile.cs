using System.Text;

namespace Rag.Ingestor.Extraction;

/// <summary>Looks into an OLE compound file just far enough to know an encrypted document from a legacy one.</summary>
internal static class CompoundFile
{
    private const int WindowBytes = 1 << 20;

    /// <summary>
    /// True where a directory entry of this name stands in the first or last mebibyte. Directory entries are 128 bytes
    /// that begin with the name in UTF-16, aligned to 128, so a hit at such an offset is one for certain enough.
    /// </summary>
    public static bool HasStream(Stream content, string name)
    {
        var wanted = Encoding.Unicode.GetBytes(name + "\0");
        var window = new byte[Math.Min(WindowBytes, content.Length)];
        return At(0) || (content.Length > window.Length && At((content.Length - window.Length) & ~127L));

        bool At(long position)
        {
            content.Position = position;
            var read = content.ReadAtLeast(window, window.Length, throwOnEndOfStream: false);
            for (var offset = 0; offset + wanted.Length <= read; offset += 128)
            {
                if (window.AsSpan(offset, wanted.Length).SequenceEqual(wanted))
                    return true;
            }

            return false;
        }
    }
}
