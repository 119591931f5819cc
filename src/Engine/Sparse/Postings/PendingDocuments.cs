using System.Runtime.InteropServices;

namespace Rag.Engine.Sparse;

/// <summary>Documents that wait to become a segment together. Writer only.</summary>
internal sealed class PendingDocuments
{
    private readonly List<int> _rows = [];
    private readonly List<ushort> _lengths = [];
    private readonly List<Posting> _postings = [];

    public int Count => _rows.Count;

    public int PostingCount => _postings.Count;

    public void Add(int row, ReadOnlySpan<ulong> keys, ReadOnlySpan<ushort> payloads, int length)
    {
        var document = _rows.Count;
        _rows.Add(row);
        _lengths.Add((ushort)Math.Min(length, ushort.MaxValue));
        for (var i = 0; i < keys.Length; i++)
            _postings.Add(new Posting(keys[i], document, payloads[i]));
    }

    /// <summary>Makes the segment and forgets the documents.</summary>
    public SparseSegment ToSegment()
    {
        var postings = CollectionsMarshal.AsSpan(_postings);
        postings.Sort();
        var writer = new SegmentWriter([.. _rows], [.. _lengths]);
        for (var i = 0; i < postings.Length;)
        {
            var key = postings[i].Key;
            writer.BeginTerm(key);
            for (; i < postings.Length && postings[i].Key == key; i++)
                writer.Add(postings[i].Document, postings[i].Payload);
            writer.EndTerm();
        }

        // Nothing is kept for the next batch: there are thousands of indexes, and few of them are written to.
        Release(_rows);
        Release(_lengths);
        Release(_postings);
        return writer.Finish();
    }

    private static void Release<T>(List<T> list)
    {
        list.Clear();
        list.TrimExcess();
    }

    private readonly record struct Posting(ulong Key, int Document, ushort Payload) : IComparable<Posting>
    {
        public int CompareTo(Posting other) =>
            Key != other.Key ? Key.CompareTo(other.Key) : Document.CompareTo(other.Document);
    }
}
