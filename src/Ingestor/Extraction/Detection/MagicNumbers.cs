namespace Rag.Ingestor.Extraction;

/// <summary>Names binary formats by the bytes they begin with.</summary>
internal static class MagicNumbers
{
    private static readonly (byte[] Bytes, int Offset, string Name)[] Unread =
    [
        ([0x89, (byte)'P', (byte)'N', (byte)'G'], 0, "a PNG image"),
        ([0xFF, 0xD8, 0xFF], 0, "a JPEG image"),
        ("GIF8"u8.ToArray(), 0, "a GIF image"),
        ([(byte)'I', (byte)'I', 0x2A, 0], 0, "a TIFF image"),
        ([(byte)'M', (byte)'M', 0, 0x2A], 0, "a TIFF image"),
        ("WEBP"u8.ToArray(), 8, "a WebP image"),
        ("WAVE"u8.ToArray(), 8, "WAVE audio"),
        ("AVI "u8.ToArray(), 8, "an AVI video"),
        ("ftyp"u8.ToArray(), 4, "an MP4 or HEIF file"),
        ("ID3"u8.ToArray(), 0, "MP3 audio"),
        ("OggS"u8.ToArray(), 0, "an Ogg file"),
        ("fLaC"u8.ToArray(), 0, "FLAC audio"),
        ([0x1A, 0x45, 0xDF, 0xA3], 0, "a Matroska or WebM video"),
        ([0x7F, (byte)'E', (byte)'L', (byte)'F'], 0, "a program"),
        ([0xCA, 0xFE, 0xBA, 0xBE], 0, "a program"),
        ([0xCF, 0xFA, 0xED, 0xFE], 0, "a program"),
        ([0, (byte)'a', (byte)'s', (byte)'m'], 0, "a WebAssembly module"),
        ([0x1F, 0x8B], 0, "a gzip archive"),
        ("BZh"u8.ToArray(), 0, "a bzip2 archive"),
        ([0xFD, (byte)'7', (byte)'z', (byte)'X', (byte)'Z', 0], 0, "an xz archive"),
        ([0x28, 0xB5, 0x2F, 0xFD], 0, "a Zstandard archive"),
        ([(byte)'7', (byte)'z', 0xBC, 0xAF, 0x27, 0x1C], 0, "a 7-Zip archive"),
        ("Rar!\x1A"u8.ToArray(), 0, "a RAR archive"),
        ("ustar"u8.ToArray(), 257, "a tar archive"),
        ("SQLite format 3\0"u8.ToArray(), 0, "an SQLite database"),
        ("PAR1"u8.ToArray(), 0, "a Parquet file"),
        ("{\\rtf"u8.ToArray(), 0, "an RTF document"),
        ("%!PS"u8.ToArray(), 0, "a PostScript document"),
        ("AT&TFORM"u8.ToArray(), 0, "a DjVu document"),
        ("wOFF"u8.ToArray(), 0, "a font"),
        ("wOF2"u8.ToArray(), 0, "a font"),
        ([0x80, 0x02, (byte)'}', (byte)'q'], 0, "a Python pickle"),
        ([0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y'], 0, "a NumPy array"),
    ];

    /// <summary>
    /// True for an OLE compound file: legacy Office, Outlook, or an encrypted Office Open XML document.
    /// </summary>
    public static bool IsCompoundFile(ReadOnlySpan<byte> head) =>
        head.StartsWith((ReadOnlySpan<byte>)[0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1]);

    /// <summary>True for a zip file, an empty one included.</summary>
    public static bool IsZip(ReadOnlySpan<byte> head) =>
        head.StartsWith("PK\x3\x4"u8) || head.StartsWith("PK\x5\x6"u8) || head.StartsWith("PK\x7\x8"u8);

    /// <summary>
    /// True for PDF; readers accept rubbish of up to a kilobyte before its header. The header has a version behind it,
    /// unlike a text that only speaks of it.
    /// </summary>
    public static bool IsPdf(ReadOnlySpan<byte> head)
    {
        var at = head[..Math.Min(head.Length, 1024)].IndexOf("%PDF-"u8);
        return at >= 0 && at + 5 < head.Length && char.IsAsciiDigit((char)head[at + 5]);
    }

    /// <summary>What a binary format that is not read is called, or null where none is recognised.</summary>
    public static string? UnreadName(ReadOnlySpan<byte> head)
    {
        foreach (var (bytes, offset, name) in Unread)
        {
            if (head.Length >= offset + bytes.Length && head.Slice(offset, bytes.Length).SequenceEqual(bytes))
                return name;
        }

        // "MZ" and "BM" are also beginnings of words, so they count only where something binary follows.
        if (head.StartsWith("MZ"u8) && head.Contains((byte)0))
            return "a program";
        return head.StartsWith("BM"u8) && head.Contains((byte)0) ? "a BMP image" : null;
    }
}
