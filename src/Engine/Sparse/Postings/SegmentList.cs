using System.Numerics;

namespace Rag.Engine.Sparse;

/// <summary>
/// The segments of an index, and where each row is. One writer, which merges as it goes; readers take
/// <see cref="Current"/>.
/// </summary>
internal sealed class SegmentList(int maxDocuments)
{
    // So many of like size become one: an eighth of what is written again at each of its five or six levels.
    private const int MergedAtOnce = 8;
    private const int MaxMergedBytes = 1 << 29;

    // A segment is made again when one in so many of its documents was removed.
    private const int RemovedShare = 4;

    private readonly List<(SparseSegment? Segment, int Document)> _places = [];
    private SparseSegment[] _current = [];
    private long _documents;
    private long _totalLength;

    /// <summary>Largest first. Never changed, only replaced.</summary>
    public ReadOnlySpan<SparseSegment> Current => Volatile.Read(ref _current);

    /// <summary>Rows that are not removed. Writer only.</summary>
    public int Count { get; private set; }

    /// <summary>Visible documents.</summary>
    public long Documents => Volatile.Read(ref _documents);

    /// <summary>Sum of the visible documents' lengths.</summary>
    public long TotalLength => Volatile.Read(ref _totalLength);

    public long PostingCount
    {
        get
        {
            var count = 0L;
            foreach (var segment in Current)
                count += segment.Forward.PostingCount;
            return count;
        }
    }

    public long MemoryBytes
    {
        get
        {
            var bytes = _places.Capacity * 16L;
            foreach (var segment in Current)
                bytes += segment.MemoryBytes;
            return bytes;
        }
    }

    public void Add(SparseSegment segment)
    {
        AddLoaded(segment);
        Tidy();
    }

    /// <summary>Adds a segment that may hold removed documents, without merging.</summary>
    public void AddLoaded(SparseSegment segment)
    {
        Place(segment);
        Count += segment.Count - segment.Removed;
        Publish([.. _current, segment]);
    }

    public void Show(int row, bool shown)
    {
        if (Find(row) is not var (segment, document) || segment.Shown[document] == shown)
            return;
        segment.Shown[document] = shown;
        segment.Forward.Count(document, shown ? 1 : -1, segment.VisibleCounts);
        Volatile.Write(ref _documents, _documents + (shown ? 1 : -1));
        Volatile.Write(ref _totalLength, _totalLength + (shown ? 1 : -1) * segment.Lengths[document]);
    }

    /// <summary>Whether a row is in a segment. Writer only.</summary>
    public bool Has(int row) => Find(row) is not null;

    /// <summary>Adds the terms of a row to what waits, as those of another one; nothing if it has none.</summary>
    public void Copy(int from, int to, PendingDocuments pending)
    {
        if (Find(from) is not var (segment, document))
            return;
        var keys = new List<ulong>();
        var payloads = new List<ushort>();
        var reader = new PostingReader();
        foreach (var term in segment.Forward.TermsOf(document))
        {
            reader.Begin(segment, term);
            if (!reader.ReadBlockOf(document) || reader.Documents.BinarySearch((uint)document) is not (>= 0 and var at))
                continue;
            keys.Add(segment.Keys[term]);
            payloads.Add((ushort)reader.Payloads[at]);
        }

        pending.Add(
            to, System.Runtime.InteropServices.CollectionsMarshal.AsSpan(keys),
            System.Runtime.InteropServices.CollectionsMarshal.AsSpan(payloads), segment.Lengths[document]);
    }

    public void Remove(int row)
    {
        if (Find(row) is not var (segment, document))
            return;
        Show(row, false);
        Volatile.Write(ref segment.Rows[document], -1);
        _places[row] = default;
        segment.Removed++;
        Count--;
        if (segment.Removed * RemovedShare >= segment.Count)
            Replace([segment]);
    }

    /// <summary>Merges until no eight segments are of like size.</summary>
    public void Tidy()
    {
        Span<int> ofLevel = stackalloc int[32];
        while (true)
        {
            ofLevel.Clear();
            var level = -1;
            foreach (var segment in _current)
            {
                if (IsMerged(segment) && ++ofLevel[LevelOf(segment)] == MergedAtOnce)
                    level = LevelOf(segment);
            }

            if (level < 0)
                return;
            Replace([.. _current.Where(segment => IsMerged(segment) && LevelOf(segment) == level)]);
        }
    }

    // Eight that are this small together fit into one.
    private bool IsMerged(SparseSegment segment) =>
        segment.Count <= maxDocuments / MergedAtOnce && segment.Data.Length <= MaxMergedBytes / MergedAtOnce;

    private static int LevelOf(SparseSegment segment) => BitOperations.Log2((uint)segment.Count) / 3;

    private (SparseSegment Segment, int Document)? Find(int row) =>
        row < _places.Count && _places[row] is { Segment: { } segment, Document: var document }
            ? (segment, document)
            : null;

    private void Replace(SparseSegment[] former)
    {
        var merged = SegmentMerger.Merge(former);
        var others = _current.Where(segment => !former.Contains(segment));
        if (merged is not null)
            Place(merged);
        Publish(merged is null ? [.. others] : [.. others, merged]);
    }

    private void Publish(SparseSegment[] segments)
    {
        segments.AsSpan().Sort(static (left, right) => right.Count.CompareTo(left.Count));
        Volatile.Write(ref _current, segments);
    }

    private void Place(SparseSegment segment)
    {
        for (var document = 0; document < segment.Count; document++)
        {
            var row = segment.Rows[document];
            if (row < 0)
                continue;
            if (row >= _places.Count)
                System.Runtime.InteropServices.CollectionsMarshal.SetCount(_places, row + 1);
            _places[row] = (segment, document);
        }
    }
}
