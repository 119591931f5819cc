using System.Globalization;

namespace Rag.Engine.Storage;

/// <summary>
/// Where snapshots lie. Two levels of folders by the uid's last two bytes (the first ones of a UUIDv7 are its time and
/// would all be alike), so that no folder holds more than a few files at 10,000 slices and a few hundred at millions:
/// <code>FOLDER/c4/7e/0198f0c2….17.000000000000002a.snapshot     uid, partition, generation in hex</code>
/// </summary>
internal sealed class SnapshotFolder(IStorageFileSystem files, string folder)
{
    private const string Suffix = ".snapshot";

    /// <summary>The folder itself.</summary>
    public string Path => folder;

    /// <summary>The file of a slice's snapshot of this generation.</summary>
    public string PathOf(SliceId slice, ulong generation)
    {
        var uid = slice.WorkspaceUid.ToString("N");
        var name = string.Create(
            CultureInfo.InvariantCulture, $"{uid}.{slice.Partition}.{generation:x16}{Suffix}");
        return System.IO.Path.Combine(folder, uid[^2..], uid[^4..^2], name);
    }

    /// <summary>Begins a snapshot's file.</summary>
    public SnapshotWriter Create(SnapshotHeader header, IPayloadCodec codec, WorkPace? pace = null) =>
        new(files, PathOf(header.Slice, header.Generation), header, codec, pace);

    /// <summary>Opens the snapshot of a slice.</summary>
    /// <exception cref="CorruptDataException">It is missing or damaged.</exception>
    public SnapshotReader Open(SliceId slice, ulong generation, IPayloadCodec codec)
    {
        var reader = SnapshotReader.Open(files, PathOf(slice, generation), slice, codec);
        if (reader.Header.Generation == generation)
            return reader;
        reader.Dispose();
        throw new CorruptDataException(
            $"The snapshot of slice {slice} is of generation {reader.Header.Generation}, not {generation}.");
    }

    /// <summary>Deletes a snapshot; maps of it stay valid.</summary>
    public void Delete(SliceId slice, ulong generation) => files.Delete(PathOf(slice, generation));

    /// <summary>Names of all snapshots in the folder, read from the file names alone.</summary>
    public IEnumerable<(SliceId Slice, ulong Generation)> List()
    {
        foreach (var path in ListFiles())
        {
            if (TryParse(System.IO.Path.GetFileName(path), out var slice, out var generation))
                yield return (slice, generation);
        }
    }

    /// <summary>
    /// Deletes files that were never finished and those that <paramref name="isCurrent"/> does not know, and returns
    /// how many. At start, before any snapshot is written.
    /// </summary>
    public int Sweep(Func<SliceId, ulong, bool> isCurrent)
    {
        var deleted = 0;
        foreach (var path in ListFiles().ToList())
        {
            var name = System.IO.Path.GetFileName(path);
            var unfinished = name.EndsWith(SnapshotWriter.TemporarySuffix, StringComparison.Ordinal);
            var outdated = TryParse(name, out var slice, out var generation) && !isCurrent(slice, generation);
            if (!unfinished && !outdated)
                continue;
            files.Delete(path);
            deleted++;
        }
        return deleted;
    }

    private static bool TryParse(string name, out SliceId slice, out ulong generation)
    {
        slice = default;
        generation = 0;
        var parts = name.Split('.');
        if (parts.Length != 4 || "." + parts[3] != Suffix)
            return false;
        if (!Guid.TryParseExact(parts[0], "N", out var uid)
            || !int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var partition)
            || !ulong.TryParse(parts[2], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out generation))
            return false;
        slice = new SliceId(uid, partition);
        return true;
    }

    private IEnumerable<string> ListFiles() =>
        files.ListFolders(folder).SelectMany(files.ListFolders).SelectMany(files.ListFiles);
}
