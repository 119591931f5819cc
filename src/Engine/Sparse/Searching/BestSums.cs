using Rag.Engine.Indexing;

namespace Rag.Engine.Sparse;

/// <summary>The best rows so far: a heap with the worst of them on top. One search only.</summary>
internal sealed class BestSums
{
    private (long Sum, int Row)[] _heap = new (long, int)[64];

    public int Capacity { get; private set; }

    public int Count { get; private set; }

    /// <summary>Only a higher sum gets in.</summary>
    public long Threshold { get; private set; }

    public void Begin(int capacity)
    {
        Capacity = capacity;
        Count = 0;
        Threshold = capacity == 0 ? long.MaxValue : 0;
    }

    public void Add(int row, long sum)
    {
        if (Count < Capacity)
        {
            if (Count == _heap.Length)
                Array.Resize(ref _heap, Math.Min(Capacity, Count * 2));
            Raise(Count++, (sum, row));
            if (Count == Capacity)
                Threshold = Math.Max(Threshold, _heap[0].Sum);
            return;
        }

        Sink((sum, row));
        Threshold = _heap[0].Sum;
    }

    /// <summary>Forgets the rows, but asks of others to be as good as they were.</summary>
    public void KeepThreshold()
    {
        if (Count == Capacity && Threshold > 0)
            Threshold--;
        Count = 0;
    }

    /// <summary>Writes the rows, best first, and forgets them.</summary>
    public int Take(Span<ScoredRow> hits, ScoreScale scale)
    {
        var found = _heap.AsSpan(0, Count);
        found.Sort(static (left, right) =>
            left.Sum != right.Sum ? right.Sum.CompareTo(left.Sum) : left.Row.CompareTo(right.Row));
        for (var i = 0; i < found.Length; i++)
            hits[i] = new ScoredRow(found[i].Row, scale.ToScore(found[i].Sum));
        return found.Length;
    }

    private void Raise(int at, (long Sum, int Row) one)
    {
        while (at > 0 && _heap[(at - 1) >> 1].Sum > one.Sum)
        {
            _heap[at] = _heap[(at - 1) >> 1];
            at = (at - 1) >> 1;
        }

        _heap[at] = one;
    }

    private void Sink((long Sum, int Row) one)
    {
        var at = 0;
        while (2 * at + 1 is var child && child < Count)
        {
            if (child + 1 < Count && _heap[child + 1].Sum < _heap[child].Sum)
                child++;
            if (_heap[child].Sum >= one.Sum)
                break;
            _heap[at] = _heap[child];
            at = child;
        }

        _heap[at] = one;
    }
}
