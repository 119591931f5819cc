using System.Buffers.Binary;

namespace Rag.Engine.Sparse;

/// <summary>
/// Postings of some documents, made once and never changed, but for two things: a document that is removed loses its
/// row, and counts of visible documents follow what becomes visible. Readers use it without locks.
/// <code>
/// keys, sorted → start → more than 128 postings: ordinal of a long list → its blocks → packed gaps and payloads
///                        fewer (most terms): ~offset in the data: count − 1, gap bits, payload bits (a byte each),
///                        best payload, least length (two bytes each), packed gaps, packed payloads
/// documents are numbered 0, 1, … in the segment; rows say which row of the slice each is
/// forward: for each document the ordinals of its terms, as gaps of variable length
/// </code>
/// </summary>
internal sealed class SparseSegment
{
    public const int ShortHeaderLength = 7;

    /// <summary>Row of each document; −1 once it is removed.</summary>
    public required int[] Rows { get; init; }

    /// <summary>Length of each document, 65,535 at most.</summary>
    public required ushort[] Lengths { get; init; }

    /// <summary>Terms, rising.</summary>
    public required ulong[] Keys { get; init; }

    /// <summary>Where each term's postings are: a long list's ordinal, or the complement of an offset.</summary>
    public required int[] Starts { get; init; }

    /// <summary>The first block of each long list; one more at the end.</summary>
    public required int[] LongStarts { get; init; }

    public required PostingBlock[] Blocks { get; init; }

    /// <summary>Packed postings, and padding.</summary>
    public required byte[] Data { get; init; }

    /// <summary>Ordinals of each document's terms.</summary>
    public ForwardLists Forward { get; set; } = ForwardLists.Empty;

    /// <summary>Visible documents of each term.</summary>
    public int[] VisibleCounts { get; init; } = [];

    /// <summary>Whether each document is visible. Writer only.</summary>
    public bool[] Shown { get; init; } = [];

    /// <summary>Documents that have lost their row. Writer only.</summary>
    public int Removed { get; set; }

    public int Count => Rows.Length;

    public long MemoryBytes => 400 + Rows.Length * (4L + 2 + 1) + Keys.Length * (8L + 4 + 4) + LongStarts.Length * 4L
        + Blocks.Length * 28L
        + Data.Length + Forward.MemoryBytes;

    /// <summary>Ordinal of a term, −1 if no document has it. Keys are hashes: where one stands can be guessed.</summary>
    public int Find(ulong key)
    {
        var keys = Keys;
        var (low, high) = (0, keys.Length - 1);
        for (var guesses = 0; low <= high; guesses++)
        {
            var (first, last) = (keys[low], keys[high]);
            if (key < first || key > last)
                return -1;
            // Ids that callers gave need not be spread evenly: after some guesses it is halved.
            var at = guesses < 4 && last > first
                ? low + (int)((double)(key - first) / (last - first) * (high - low))
                : (low + high) >>> 1;
            if (keys[at] == key)
                return at;
            if (keys[at] < key)
                low = at + 1;
            else
                high = at - 1;
        }

        return -1;
    }

    /// <summary>The blocks of a term; a short list's only one is made in <paramref name="only"/>.</summary>
    public ReadOnlySpan<PostingBlock> BlocksOf(int term, ref PostingBlock only)
    {
        var start = Starts[term];
        if (start >= 0)
            return Blocks.AsSpan(LongStarts[start], LongStarts[start + 1] - LongStarts[start]);
        var header = Data.AsSpan(~start, ShortHeaderLength);
        only = new PostingBlock
        {
            // Nothing lies behind it, so no search has to know exactly.
            LastDocument = Rows.Length - 1, Offset = ~start + ShortHeaderLength,
            CountLessOne = header[0], GapBits = header[1], PayloadBits = header[2],
        };
        only.Impacts.Fill(new Impact(
            BinaryPrimitives.ReadUInt16LittleEndian(header[3..]), BinaryPrimitives.ReadUInt16LittleEndian(header[5..])));
        return new ReadOnlySpan<PostingBlock>(ref only);
    }
}
