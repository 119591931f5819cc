using System.Globalization;
using System.Text;
using Rag.Engine.Storage;

namespace Rag.Engine;

/// <summary>
/// The files of a partition that is being copied into the store. While the header is there, the partition is not: whatever
/// else the store knows of it is dropped at the next start.
/// <code>
/// DATA/imports/17/header                          format, epoch, sequence, source, the log's own position (base64)
///                 0198f0c2….000000000000002a.snapshot     as it is at the source
///                 0198f0c2….000000000000002a.contents     in the making    ┐ one of the two
///                 0198f0c2….000000000000002a.whole        all are there    ┘
/// </code>
/// Not thread-safe.
/// </summary>
internal sealed class ImportFolder(IStorageFileSystem files, string folder)
{
    private const string Header = "header";
    private const string Snapshot = ".snapshot";
    private const string Contents = ".contents";
    private const string Whole = ".whole";
    private const string Format = "1";
    private const int MaxHeaderBytes = 4096;

    public static string PathOf(string dataFolder, int partition) => Path.Combine(
        dataFolder, "imports", partition.ToString(CultureInfo.InvariantCulture));

    /// <summary>Partitions whose import is not finished.</summary>
    public static List<int> List(IStorageFileSystem files, string dataFolder)
    {
        var partitions = new List<int>();
        foreach (var path in files.ListFolders(Path.Combine(dataFolder, "imports")))
        {
            if (int.TryParse(Path.GetFileName(path), NumberStyles.None, CultureInfo.InvariantCulture, out var partition)
                && files.Exists(Path.Combine(path, Header)))
                partitions.Add(partition);
        }

        return partitions;
    }

    /// <summary>Where the copy comes from and from where on the log is needed; null where no import is under way.</summary>
    public (string Source, WriteStamp Stamp)? ReadHeader()
    {
        var path = Path.Combine(folder, Header);
        if (!files.Exists(path))
            return null;
        using var file = files.OpenRead(path);
        var bytes = new byte[Math.Min(file.Length, MaxHeaderBytes)];
        var parts = Encoding.UTF8.GetString(bytes.AsSpan(0, file.Read(0, bytes))).Split('\n');
        return parts.Length == 6 && parts[0] == Format && uint.TryParse(parts[1], out var epoch)
            && ulong.TryParse(parts[2], out var sequence)
                ? (parts[3], new WriteStamp(epoch, sequence))
                : ("", default);
    }

    public void WriteHeader(string source, WriteStamp stamp)
    {
        files.CreateFolder(folder);
        var path = Path.Combine(folder, Header);
        using (var file = files.OpenOrCreate(path + SnapshotWriter.TemporarySuffix))
        {
            // The line that is empty held something once; the format is the same.
            var text = string.Create(CultureInfo.InvariantCulture, $"{Format}\n{stamp.Epoch}\n{stamp.Sequence}\n{source}\n\n");
            file.SetLength(0);
            file.Write(0, Encoding.UTF8.GetBytes(text));
            file.Sync();
        }

        files.Move(path + SnapshotWriter.TemporarySuffix, path);
        files.SyncFolder(folder);
    }

    /// <summary>Slices that are there, in order; with those of which only a part is.</summary>
    public List<(Guid Uid, ulong Generation, bool IsWhole)> ListSlices()
    {
        var slices = new List<(Guid, ulong, bool)>();
        foreach (var path in files.ListFiles(folder))
        {
            var parts = Path.GetFileName(path).Split('.');
            if (parts.Length != 3 || parts[2] is not ("contents" or "whole"))
                continue;
            if (Guid.TryParseExact(parts[0], "N", out var uid) && ulong.TryParse(
                parts[1], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var generation))
                slices.Add((uid, generation, parts[2] == "whole"));
        }

        slices.Sort(static (left, right) => UidOrder.Instance.Compare(left.Item1, right.Item1));
        return slices;
    }

    public string SnapshotOf(Guid uid, ulong generation) => NameOf(uid, generation, Snapshot);

    public string ContentsOf(Guid uid, ulong generation) => NameOf(uid, generation, Contents);

    public string WholeOf(Guid uid, ulong generation) => NameOf(uid, generation, Whole);

    public void MarkWhole(Guid uid, ulong generation) =>
        files.Move(ContentsOf(uid, generation), WholeOf(uid, generation));

    public void Delete(Guid uid, ulong generation)
    {
        files.Delete(ContentsOf(uid, generation));
        files.Delete(WholeOf(uid, generation));
        files.Delete(SnapshotOf(uid, generation));
    }

    /// <summary>Deletes everything; the header first, by which the import is over.</summary>
    public void Clear()
    {
        files.Delete(Path.Combine(folder, Header));
        foreach (var path in files.ListFiles(folder).ToList())
            files.Delete(path);
        if (files.ListFolders(Path.GetDirectoryName(folder)!).Contains(folder))
            files.SyncFolder(folder);
    }

    private string NameOf(Guid uid, ulong generation, string ending) => Path.Combine(
        folder, string.Create(CultureInfo.InvariantCulture, $"{uid:N}.{generation:x16}{ending}"));
}
