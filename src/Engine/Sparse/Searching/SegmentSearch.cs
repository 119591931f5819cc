using System.Numerics;
using Rag.Engine.Indexing;

namespace Rag.Engine.Sparse;

/// <summary>
/// Finds the best documents of segments by MaxScore over windows: terms that together cannot lift a document over the
/// worst hit so far are not walked, only asked about documents that other terms bring up. Bounds come from the blocks
/// that a window touches. Exact. Buffers of one search at a time; rented from a pool.
/// </summary>
/// <remarks>
/// <code>
/// for each window   look up bounds → sort terms by them → those whose bounds sum up to the threshold are not walked
///                   walk the others: sums of all their documents in the window
///                   for each document that may still get over the threshold: filter, then ask the rest, best first
/// </code>
/// </remarks>
internal sealed class SegmentSearch
{
    private const int MaxSeededHits = 256;
    private const int MinSeededDocuments = 512;
    private const int SeedsPerHit = 2;

    private readonly ScoreWindow _window = new();
    private readonly List<PostingCursor> _cursors = [];
    private PostingCursor[] _order = new PostingCursor[16];
    private long[] _upTo = new long[16];
    private int _terms;

    public BestSums Best { get; } = new();

    /// <summary>Postings looked at, about: what a search costs.</summary>
    public int Looked { get; private set; }

    public void Begin(int k)
    {
        Best.Begin(k);
        Looked = 0;
    }

    /// <summary>Lets go of the index.</summary>
    public void End()
    {
        foreach (var cursor in _cursors)
            cursor.End();
    }

    /// <param name="segment">Where to look.</param>
    /// <param name="keys">The query's terms.</param>
    /// <param name="weights">Their weights, scaled; terms of weight 0 are left out.</param>
    /// <param name="scoring">What a posting adds.</param>
    /// <param name="filter">Which rows may be found.</param>
    public void Run<TScoring, TFilter>(
        SparseSegment segment, ReadOnlySpan<ulong> keys, ReadOnlySpan<float> weights, TScoring scoring, TFilter filter)
        where TScoring : struct, ITermScoring
        where TFilter : struct, IRowFilter
    {
        BeginTerms(segment, keys, weights, scoring);
        if (Best is { Count: 0, Threshold: 0 } && Best.Capacity <= MaxSeededHits && segment.Count >= MinSeededDocuments)
            Seed(segment, scoring, filter);
        for (var from = 0; ;)
        {
            // Which terms bring up documents at all, by their bounds over the whole segment.
            SortBy(whole: true);
            var first = FirstWalked();
            var start = int.MaxValue;
            for (var i = first; i < _terms; i++)
            {
                _order[i].Advance(from);
                start = Math.Min(start, _order[i].Document);
            }

            if (start == int.MaxValue)
                return;
            var end = (int)Math.Min(segment.Count, (long)start + ScoreWindow.Length);
            for (var i = 0; i < _terms; i++)
                _order[i].LookAhead(start, end);
            SortBy(whole: false);
            var walked = FirstWalked();
            if (walked < _terms)
                SearchWindow(segment, start, end, walked, scoring, filter);
            from = end;
        }
    }

    private void BeginTerms<TScoring>(
        SparseSegment segment, ReadOnlySpan<ulong> keys, ReadOnlySpan<float> weights, TScoring scoring)
        where TScoring : struct, ITermScoring
    {
        _terms = 0;
        for (var i = 0; i < keys.Length; i++)
        {
            if (!(weights[i] > 0) || segment.Find(keys[i]) is not (>= 0 and var term))
                continue;
            if (_cursors.Count == _terms)
                _cursors.Add(new PostingCursor());
            if (_order.Length == _terms)
            {
                Array.Resize(ref _order, _terms * 2);
                Array.Resize(ref _upTo, _terms * 2);
            }

            _order[_terms] = _cursors[_terms];
            _cursors[_terms++].Begin(segment, term, weights[i], scoring);
        }
    }

    // The first windows would be walked in full for want of a threshold. So some documents of the terms that weigh most
    // are scored beforehand: whatever the k best of these reach, the k best of all reach too.
    private void Seed<TScoring, TFilter>(SparseSegment segment, TScoring scoring, TFilter filter)
        where TScoring : struct, ITermScoring
        where TFilter : struct, IRowFilter
    {
        SortBy(whole: true);
        var first = _terms;
        for (var postings = 0; first > 0 && postings < SeedsPerHit * Best.Capacity;)
            postings += _order[--first].Count;
        for (var left = 2 * SeedsPerHit * Best.Capacity; left > 0; left--)
        {
            var document = int.MaxValue;
            for (var i = first; i < _terms; i++)
                document = Math.Min(document, _order[i].Document);
            if (document == int.MaxValue)
                break;
            if (segment.Rows[document] is >= 0 and var row && filter.Accepts(row))
                Offer(row, AskOthers(document, 0, _terms, scoring));
            for (var i = first; i < _terms; i++)
                _order[i].Advance(document + 1);
        }

        Best.KeepThreshold();
        for (var i = 0; i < _terms; i++)
            _order[i].Rewind();
    }

    private void Offer(int row, long sum)
    {
        if (sum > Best.Threshold)
            Best.Add(row, sum);
    }

    private void SearchWindow<TScoring, TFilter>(
        SparseSegment segment, int start, int end, int walked, TScoring scoring, TFilter filter)
        where TScoring : struct, ITermScoring
        where TFilter : struct, IRowFilter
    {
        _window.Start = start;
        for (var i = walked; i < _terms; i++)
        {
            _order[i].Advance(start);
            _order[i].AddTo(_window, end, scoring);
        }

        var rest = walked > 0 ? _upTo[walked - 1] : 0;
        var words = _window.Touched.AsSpan(0, (end - start + 63) >> 6);
        for (var i = 0; i < words.Length; i++)
        {
            for (var word = words[i]; word != 0; word &= word - 1)
            {
                var at = (i << 6) + BitOperations.TrailingZeroCount(word);
                var sum = _window.Take(at);
                Looked++;
                if (sum + rest <= Best.Threshold)
                    continue;
                var row = Volatile.Read(ref segment.Rows[start + at]);
                if (row < 0 || !filter.Accepts(row))
                    continue;
                Offer(row, AskOthers(start + at, sum, walked, scoring));
            }

            words[i] = 0;
        }
    }

    private long AskOthers<TScoring>(int document, long sum, int walked, TScoring scoring)
        where TScoring : struct, ITermScoring
    {
        for (var i = walked - 1; i >= 0 && sum + _upTo[i] > Best.Threshold; i--)
        {
            var cursor = _order[i];
            cursor.Advance(document);
            Looked++;
            if (cursor.Document == document)
                sum += cursor.Score(scoring);
        }

        return sum;
    }

    // The first term, in the order of bounds, from which on the terms have to be walked.
    private int FirstWalked()
    {
        var first = 0;
        while (first < _terms && _upTo[first] <= Best.Threshold)
            first++;
        return first;
    }

    // Few terms, and mostly in order already.
    private void SortBy(bool whole)
    {
        for (var i = 1; i < _terms; i++)
        {
            var moved = _order[i];
            var bound = whole ? moved.Bound : moved.WindowBound;
            var at = i;
            for (; at > 0 && (whole ? _order[at - 1].Bound : _order[at - 1].WindowBound) > bound; at--)
                _order[at] = _order[at - 1];
            _order[at] = moved;
        }

        var sum = 0L;
        for (var i = 0; i < _terms; i++)
            _upTo[i] = sum += whole ? _order[i].Bound : _order[i].WindowBound;
    }
}
