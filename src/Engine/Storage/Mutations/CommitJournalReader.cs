using System.Globalization;

namespace Rag.Engine.Storage;

/// <summary>
/// Reads the files of the commit journal in their order, passing over what is damaged. Files are at most a few MiB and
/// are read one at a time. Not thread-safe.
/// </summary>
internal sealed class CommitJournalReader(IStorageFileSystem files, string folder)
{
    private const string Prefix = "commits.";
    private const long MaxFileBytes = 64L << 20;

    /// <summary>Numbers of the files, ascending.</summary>
    public List<int> ListFiles()
    {
        var numbers = new List<int>();
        foreach (var path in files.ListFiles(folder))
        {
            var name = Path.GetFileName(path);
            if (name.StartsWith(Prefix, StringComparison.Ordinal) && int.TryParse(
                name.AsSpan(Prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var number))
                numbers.Add(number);
        }
        numbers.Sort();
        return numbers;
    }

    public static string PathOf(string folder, int number) =>
        Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"{Prefix}{number:D8}"));

    /// <summary>Undamaged entries of a file.</summary>
    public IEnumerable<JournalEntry> Read(int number)
    {
        using var file = files.OpenRead(PathOf(folder, number));
        var bytes = file.ReadAllTolerant(MaxFileBytes);
        for (var at = 0; at < bytes.Length;)
        {
            if (JournalEntry.TryRead(bytes.AsSpan(at), out var length) is { } entry)
            {
                at += length;
                yield return entry;
            }
            else
            {
                at = FindNext(bytes, at + 8);
            }
        }
    }

    /// <summary>Undamaged entries of all files.</summary>
    public IEnumerable<JournalEntry> ReadAll() => ListFiles().SelectMany(Read);

    private static int FindNext(byte[] bytes, int from)
    {
        while (from < bytes.Length)
        {
            var skipped = bytes.AsSpan(from).IndexOf(JournalEntry.Magic);
            if (skipped < 0)
                break;
            from += skipped;
            if (from % 8 == 0)
                return from;
            from++;
        }
        return bytes.Length;
    }
}
