using Rag.Engine.Indexing;

namespace Rag.Engine.Slices;

/// <summary>
/// Takes dead rows apart once no reader can see them, in two steps, because a reader that walks a graph or a list of
/// rows may stand on a row that it does not return:
/// <code>
/// dead → (readers of then have left) → out of index, key table, document, metadata → (again) → ordinal is free
/// </code>
/// Also keeps whatever else must outlive its readers. Writer only.
/// </summary>
internal sealed class Graveyard(Slice slice, EpochGuard guard)
{
    private readonly Queue<(long Epoch, int Row)> _dead = new();
    private readonly Queue<(long Epoch, int Row, int Document)> _unlinked = new();
    private readonly Queue<(long Epoch, Action Release, long Bytes)> _others = new();
    private readonly List<int> _dying = [];
    private long _otherBytes;

    public long MemoryBytes => (_dead.Count + _unlinked.Count) * 16L + _others.Count * 80L + _otherBytes + 300;

    /// <summary>Rows that can be taken apart now.</summary>
    public bool HasReclaimable => _dead.TryPeek(out var next) && guard.HasPassed(next.Epoch);

    /// <summary>Takes note of a row that dies with the number that is published next.</summary>
    public void Bury(int row) => _dying.Add(row);

    /// <summary>Call after publishing: whoever enters now sees none of the rows buried before.</summary>
    public void Seal()
    {
        if (_dying.Count == 0)
            return;
        var epoch = guard.Retire();
        foreach (var row in _dying)
            _dead.Enqueue((epoch, row));
        _dying.Clear();
    }

    /// <summary>Releases something that was taken out of sight just now, when its readers have left.</summary>
    /// <param name="release">Does it.</param>
    /// <param name="bytes">Memory that is held until then.</param>
    public void Release(Action release, long bytes = 0)
    {
        _others.Enqueue((guard.Retire(), release, bytes));
        _otherBytes += bytes;
    }

    /// <summary>The same for the memory that vectors of the slice were moved from since the last call.</summary>
    public void ReleaseReplacedRows()
    {
        foreach (var space in slice.Spaces)
        {
            if (space.Index.Rows.TakeReplaced() is { } pages)
                Release(pages.Dispose, pages.MemoryBytes);
        }
    }

    /// <summary>Takes apart what no reader sees any more; at most <paramref name="limit"/> rows.</summary>
    public void Reclaim(int limit = int.MaxValue)
    {
        if (_dead.Count == 0 && _unlinked.Count == 0 && _others.Count == 0)
            return;
        var oldest = guard.Oldest();
        while (_others.TryPeek(out var other) && other.Epoch <= oldest)
            ReleaseNext();
        while (_unlinked.TryPeek(out var unlinked) && unlinked.Epoch <= oldest)
        {
            _unlinked.Dequeue();
            if (unlinked.Row >= 0)
                slice.Rows.Free(unlinked.Row);
            if (unlinked.Document >= 0)
                slice.Documents.Free(unlinked.Document);
        }

        if (!_dead.TryPeek(out var next) || next.Epoch > oldest)
            return;
        var first = _unlinked.Count;
        while (limit-- > 0 && _dead.TryPeek(out var dead) && dead.Epoch <= oldest)
        {
            _dead.Dequeue();
            Unlink(dead.Row);
        }

        // Rows unlinked above carry no epoch yet: one for all of them, taken after the last.
        var epoch = guard.Retire();
        for (var i = _unlinked.Count; i > 0; i--)
        {
            var entry = _unlinked.Dequeue();
            _unlinked.Enqueue(first-- > 0 ? entry : (epoch, entry.Row, entry.Document));
        }
    }

    /// <summary>A document that has neither rows nor state any more leaves the table.</summary>
    public void RemoveIfEmpty(int document)
    {
        if (!slice.Documents.IsEmpty(document))
            return;
        slice.Documents.Remove(document);
        _unlinked.Enqueue((guard.Retire(), -1, document));
    }

    /// <summary>Copies keys of dead rows that lie in segments about to be dropped: they are needed once more.</summary>
    public void MoveKeys(List<int> segments)
    {
        foreach (var (_, row) in _dead)
            MoveKey(row, segments);
        foreach (var row in _dying)
            MoveKey(row, segments);
    }

    public void DisposeAll()
    {
        while (_others.Count > 0)
            ReleaseNext();
    }

    private void ReleaseNext()
    {
        var (_, release, bytes) = _others.Dequeue();
        _otherBytes -= bytes;
        release();
    }

    private void MoveKey(int row, List<int> segments)
    {
        var columns = slice.Rows.Columns;
        if (!segments.Contains(KeyStore.SegmentOf(columns.Keys[row])))
            return;
        var key = slice.Keys.Read(columns.Keys[row]);
        Volatile.Write(ref columns.Keys[row], slice.Keys.Append(key.DocumentId, key.ChunkId));
    }

    private void Unlink(int row)
    {
        foreach (var space in slice.Spaces)
        {
            if (!space.Has(row))
                continue;
            space.Index.Remove(row);
            space.SetTag(row, 0);
        }

        slice.RemoveTerms(row);
        var columns = slice.Rows.Columns;
        var key = slice.Keys.Read(columns.Keys[row]);
        slice.KeyIndex.Remove(Fingerprint.Of(key.DocumentId, key.ChunkId), row);
        slice.Metadata.Erase(row);
        var document = columns.Documents[row];
        var emptied = document >= 0 && RowLinks.Unlink(slice, row) && slice.Documents.IsEmpty(document);
        if (emptied)
            slice.Documents.Remove(document);
        columns.Stamps[row] = RowStamps.Staged;
        _unlinked.Enqueue((long.MaxValue, row, emptied ? document : -1));
    }
}
