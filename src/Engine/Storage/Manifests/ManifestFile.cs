using System.Globalization;

namespace Rag.Engine.Storage;

/// <summary>Reads a manifest file (layout: <see cref="ManifestFormat"/>), damage and all.</summary>
internal static class ManifestFile
{
    private const string Prefix = "manifest.";

    /// <summary>More than any manifest needs: 256 MiB are three million slices.</summary>
    private const long MaxFileLength = 256L << 20;

    /// <summary>What was read from a file.</summary>
    /// <param name="Changes">Valid entries, in order.</param>
    /// <param name="BaseComplete">All that was valid when the file was begun is among them.</param>
    /// <param name="Damaged">Entries are missing or damaged, or the last one was torn by a crash.</param>
    /// <param name="NextNumber">Number behind the last valid entry.</param>
    /// <param name="Length">Bytes up to the end of the last valid entry.</param>
    public sealed record Content(
        IReadOnlyList<ManifestChange> Changes, bool BaseComplete, bool Damaged, ulong NextNumber, long Length);

    public static string PathOf(string folder, ulong generation) =>
        Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"{Prefix}{generation:x16}"));

    /// <summary>Generations of the manifest files in a folder, newest first.</summary>
    public static List<ulong> ListGenerations(IStorageFileSystem files, string folder)
    {
        var generations = new List<ulong>();
        foreach (var path in files.ListFiles(folder))
        {
            var name = Path.GetFileName(path);
            if (name.StartsWith(Prefix, StringComparison.Ordinal) && ulong.TryParse(
                name.AsSpan(Prefix.Length), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var one))
                generations.Add(one);
        }
        generations.Sort();
        generations.Reverse();
        return generations;
    }

    public static Content Read(IStorageFileSystem files, string folder, ulong generation)
    {
        using var file = files.OpenRead(PathOf(folder, generation));
        if (file.Length > MaxFileLength)
            return new Content([], false, true, 1, 0);
        return Parse(file.ReadAllTolerant(MaxFileLength), generation);
    }

    private static Content Parse(ReadOnlySpan<byte> bytes, ulong generation)
    {
        var changes = new List<ManifestChange>();
        var damaged = !ManifestFormat.TryReadFileHeader(bytes, generation, out var next);
        var baseComplete = false;
        var known = !damaged;
        var at = ManifestFormat.FileHeaderLength;
        var end = at;
        while (at < bytes.Length)
        {
            if (!ManifestFormat.TryReadEntry(bytes[at..], out var length, out var number, out var change))
            {
                damaged = true;
                at = FindNext(bytes, at + 4);
                continue;
            }
            damaged |= known && number != next;
            // The base counts only if no entry of it is missing.
            if (change is ManifestChange.BaseComplete)
                baseComplete = !damaged;
            else
                changes.Add(change!);
            known = true;
            next = number + 1;
            at += length;
            end = at;
        }
        return new Content(changes, baseComplete, damaged, Math.Max(next, 1), end);
    }

    private static int FindNext(ReadOnlySpan<byte> bytes, int from)
    {
        if (from >= bytes.Length)
            return bytes.Length;
        var found = bytes[from..].IndexOf(ManifestFormat.EntryMagic);
        return found < 0 ? bytes.Length : from + found;
    }
}
