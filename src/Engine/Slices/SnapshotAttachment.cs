using Rag.Engine.Storage;

namespace Rag.Engine.Slices;

/// <summary>
/// Keys and full vectors of a snapshot that was just written, mapped and read through once, ready to take the place of
/// what is in memory. Everything that takes long is done in <see cref="Prepare"/>, beside the writer and without a lock;
/// searches then find every page of a large slice mapped and every block verified. Dispose it if it is not attached.
/// </summary>
internal sealed class SnapshotAttachment : IDisposable
{
    private readonly SnapshotCut _cut;
    private readonly MappedRows?[] _rows;
    private readonly MappedIndex?[] _indexes;
    private readonly IKeySegment _keys;
    private readonly (int Row, long Offset)[] _offsets;
    private bool _attached;

    private SnapshotAttachment(
        SnapshotCut cut, MappedRows?[] rows, MappedIndex?[] indexes, IKeySegment keys, (int Row, long Offset)[] offsets) =>
        (_cut, _rows, _indexes, _keys, _offsets) = (cut, rows, indexes, keys, offsets);

    /// <summary>Maps and verifies. The caller is inside the epoch since before the cut.</summary>
    /// <exception cref="CorruptDataException">The file does not hold what was written.</exception>
    public static SnapshotAttachment Prepare(SnapshotCut cut, SnapshotReader file, Func<bool> isUrgent)
    {
        var rows = new MappedRows?[cut.Spaces.Length];
        var indexes = new MappedIndex?[cut.Spaces.Length];
        try
        {
            for (var i = 0; i < rows.Length && cut.RowLimit > 0; i++)
            {
                var isSmall = file.IsMapped(SnapshotSections.Index(i));
                var section = file.Map(SnapshotSections.Vectors(i), isSmall);
                rows[i] = new MappedRows(section, cut.Spaces[i].Settings.Dimension);
                section.VerifyAll(new WorkPace(isUrgent));
                if (isSmall)
                    indexes[i] = new MappedIndex(file.Map(SnapshotSections.Index(i), isSmall));
            }

            // The present rows' keys lie where they lay at the cut: only a snapshot moves them.
            return new SnapshotAttachment(
                cut, rows, indexes, SliceSnapshotReader.OpenKeys(file), SliceSnapshotWriter.KeyOffsets(cut).ToArray());
        }
        catch
        {
            Array.ForEach(rows, mapped => mapped?.Dispose());
            Array.ForEach(indexes, mapped => mapped?.Dispose());
            throw;
        }
    }

    /// <summary>
    /// Lets the slice read keys and full vectors from the file from now on, so that their memory is freed. Under the
    /// slice's lock.
    /// </summary>
    /// <param name="isUnchanged">Nothing was applied since the cut, so that the codes of a small space are those of the
    /// file, too.</param>
    public void Attach(bool isUnchanged)
    {
        _attached = true;
        var slice = _cut.Slice;
        for (var i = 0; i < _rows.Length; i++)
        {
            if (_rows[i] is not { } rows)
                continue;
            // A space that the settings have dropped meanwhile is on its way out.
            var isThere = slice.Spaces.Contains(_cut.Spaces[i]);
            AttachIndex(slice, i, isThere && isUnchanged);
            if (!isThere)
                rows.Dispose();
            else if (_cut.Spaces[i].Index.Rows.Attach(rows, _cut.RowLimit) is { } former)
                slice.Graveyard.Release(() => LetGo(former));
        }

        slice.Graveyard.ReleaseReplacedRows();
        AttachKeys(slice);
        if (isUnchanged)
            slice.Rows.Trim();
    }

    public void Dispose()
    {
        if (_attached)
            return;
        Array.ForEach(_rows, mapped => mapped?.Dispose());
        Array.ForEach(_indexes, mapped => mapped?.Dispose());
        (_keys as IDisposable)?.Dispose();
    }

    /// <summary>To unmap a gigabyte, and with it to free a deleted file's pages, takes the system 100 ms: not on the
    /// writer's thread.</summary>
    private static void LetGo(IDisposable former)
    {
        if (former is MappedRows { MappedBytes: >= WorkPace.FreeBytes } large)
            BackgroundThread.Start("rag unmap", large.DisposeSlowly);
        else
            former.Dispose();
    }

    private void AttachIndex(Slice slice, int number, bool isSame)
    {
        if (_indexes[number] is not { } saved)
            return;
        if (isSame && _cut.Spaces[number].Index.Attach(saved) is { } former)
            slice.Graveyard.Release(former.Dispose);
        else
            saved.Dispose();
    }

    private void AttachKeys(Slice slice)
    {
        var segment = slice.Keys.Place(_keys);
        var columns = slice.Rows.Columns;
        foreach (var (row, offset) in _offsets)
            Volatile.Write(ref columns.Keys[row], KeyStore.Location(segment, offset));
        var superseded = slice.Keys.Superseded(segment);
        slice.Graveyard.MoveKeys(superseded);
        slice.Graveyard.Release(() => superseded.ForEach(slice.Keys.Drop));
    }
}
