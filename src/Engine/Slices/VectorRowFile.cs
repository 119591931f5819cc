using Rag.Engine.Rows;
using Rag.Engine.Storage;

namespace Rag.Engine.Slices;

/// <summary>
/// Full-precision rows in a file alone, read exactly as a server reads those of a snapshot: mapped, and each block
/// verified when it is first touched. For programs that use an index without a store, such as a benchmark.
/// </summary>
public static class VectorRowFile
{
    /// <summary>
    /// Writes rows 0…<paramref name="rowLimit"/>−1 to a new file and lets <paramref name="rows"/> read them from there;
    /// their memory goes. No reader may be inside. The file may be deleted once <paramref name="rows"/> is disposed.
    /// </summary>
    /// <returns>Bytes of the file.</returns>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static long MoveTo(string path, VectorRows rows, int rowLimit)
    {
        ArgumentNullException.ThrowIfNull(rows);
        ArgumentOutOfRangeException.ThrowIfNegative(rowLimit);
        var files = LocalFileSystem.Instance;
        var codec = ChecksumCodec.Instance;
        var slice = new SliceId(Guid.Empty, 0);
        var section = SnapshotSections.Vectors(0);
        rows.MarkCut();
        using var writer = new SnapshotWriter(files, path, new SnapshotHeader(slice, 0, 0, 0, 0, 0), codec);
        using (var stream = writer.BeginMappedSection(section))
            rows.WriteTo(stream, rowLimit);
        var length = writer.Complete();
        using var reader = SnapshotReader.Open(files, path, slice, codec);
        rows.Attach(new MappedRows(reader.Map(section), rows.Dimension), rowLimit)?.Dispose();
        rows.TakeReplaced()?.Dispose();
        return length;
    }
}
