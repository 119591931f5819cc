using Rag.Engine.Indexing;

namespace Rag.Engine.Exact;

/// <summary>Collects the best hits in the caller's span, best first. Lives on the stack of one search.</summary>
internal ref struct TopHits(Span<ScoredRow> hits)
{
    private readonly Span<ScoredRow> _hits = hits;

    public int Count { get; private set; }

    public void Add(int row, float score)
    {
        var full = Count == _hits.Length;
        if (full && (Count == 0 || !(score > _hits[Count - 1].Score)))
            return;
        var (low, high) = (0, Count);
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (_hits[middle].Score >= score)
                low = middle + 1;
            else
                high = middle;
        }

        var moved = (full ? Count - 1 : Count) - low;
        _hits.Slice(low, moved).CopyTo(_hits[(low + 1)..]);
        _hits[low] = new ScoredRow(row, score);
        Count += full ? 0 : 1;
    }
}
