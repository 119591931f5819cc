namespace Rag.Engine.Sparse;

/// <summary>
/// The terms of each document of a segment: needed when the document becomes visible or invisible, so that every
/// term's count of documents stays exact. About a byte and a half a term.
/// </summary>
internal sealed class ForwardLists(byte[] data, int[] starts, long postings)
{
    public static ForwardLists Empty { get; } = new([], [0], 0);

    /// <summary>Terms of all documents together.</summary>
    public long PostingCount => postings;

    public long MemoryBytes => data.Length + starts.Length * 4L + 60;

    /// <summary>Makes the lists of a segment from its postings, in two passes.</summary>
    public static ForwardLists Of(SparseSegment segment)
    {
        var starts = new int[segment.Count + 1];
        var former = new int[segment.Count];
        var reader = new PostingReader();
        var postings = 0L;
        Pass(segment, reader, former, (document, gap) =>
        {
            starts[document + 1] += LengthOf(gap);
            postings++;
        });
        for (var i = 1; i < starts.Length; i++)
            starts[i] = checked(starts[i] + starts[i - 1]);
        var data = new byte[starts[^1]];
        var next = starts.AsSpan(0, segment.Count).ToArray();
        Pass(segment, reader, former, (document, gap) => Write(data, ref next[document], gap));
        return new ForwardLists(data, starts, postings);
    }

    /// <summary>Adds <paramref name="change"/> to the count of each term of a document.</summary>
    public void Count(int document, int change, int[] counts)
    {
        var term = -1;
        for (var (at, end) = (starts[document], starts[document + 1]); at < end;)
        {
            term += Read(ref at) + 1;
            counts[term] += change;
        }
    }

    /// <summary>The ordinals of a document's terms, rising.</summary>
    public List<int> TermsOf(int document)
    {
        var terms = new List<int>();
        var term = -1;
        for (var (at, end) = (starts[document], starts[document + 1]); at < end;)
            terms.Add(term += Read(ref at) + 1);
        return terms;
    }

    private int Read(ref int at)
    {
        var gap = 0;
        for (var shift = 0; ; shift += 7)
        {
            var part = data[at++];
            gap |= (part & 0x7F) << shift;
            if (part < 0x80)
                return gap;
        }
    }

    private static void Pass(SparseSegment segment, PostingReader reader, int[] former, Action<int, int> visit)
    {
        Array.Fill(former, -1);
        for (var term = 0; term < segment.Keys.Length; term++)
        {
            for (reader.Begin(segment, term); reader.ReadDocuments();)
            {
                foreach (var document in reader.Documents)
                {
                    visit((int)document, term - former[document] - 1);
                    former[document] = term;
                }
            }
        }
    }

    private static int LengthOf(int gap)
    {
        var length = 1;
        for (; gap >= 0x80; gap >>= 7)
            length++;
        return length;
    }

    private static void Write(byte[] data, ref int at, int gap)
    {
        for (; gap >= 0x80; gap >>= 7)
            data[at++] = (byte)(gap | 0x80);
        data[at++] = (byte)gap;
    }
}
