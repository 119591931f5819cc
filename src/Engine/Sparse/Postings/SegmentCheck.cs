namespace Rag.Engine.Sparse;

/// <summary>Finds out whether a segment that came from a file can be read without harm: searches do not check.</summary>
internal static class SegmentCheck
{
    /// <exception cref="InvalidDataException">It cannot.</exception>
    public static void Check(SparseSegment segment)
    {
        Require(Rises(segment.Keys));
        Require(segment.LongStarts[0] == 0 && segment.LongStarts[^1] == segment.Blocks.Length);
        var longs = 0;
        var reader = new PostingReader();
        var only = default(PostingBlock);
        for (var term = 0; term < segment.Keys.Length; term++)
        {
            var start = segment.Starts[term];
            if (start >= 0)
            {
                Require(start == longs++ && longs < segment.LongStarts.Length);
                Require(segment.LongStarts[start] < segment.LongStarts[start + 1]
                    && segment.LongStarts[start + 1] <= segment.Blocks.Length);
            }
            else
            {
                Require(~start <= segment.Data.Length - SparseSegment.ShortHeaderLength);
            }

            CheckBlocks(segment, segment.BlocksOf(term, ref only));
            CheckPostings(segment, term, reader);
        }
    }

    private static void CheckBlocks(SparseSegment segment, ReadOnlySpan<PostingBlock> blocks)
    {
        foreach (ref readonly var block in blocks)
        {
            Require(block.Count <= BlockPacking.BlockLength && block.GapBits <= 31 && block.PayloadBits <= 16);
            var length = BlockPacking.PackedLength(block.Count, block.GapBits)
                + BlockPacking.PackedLength(block.Count, block.PayloadBits);
            Require(block.Offset >= 0 && block.Offset <= segment.Data.Length - BlockPacking.Padding - length);
        }
    }

    private static void CheckPostings(SparseSegment segment, int term, PostingReader reader)
    {
        var only = default(PostingBlock);
        var blocks = segment.BlocksOf(term, ref only);
        var isLong = segment.Starts[term] >= 0;
        var former = -1;
        reader.Begin(segment, term);
        for (var i = 0; reader.ReadBlock(); i++)
        {
            foreach (var document in reader.Documents)
            {
                Require(document < (uint)segment.Count && (int)document > former);
                former = (int)document;
            }

            foreach (var payload in reader.Payloads)
                Require(payload <= ushort.MaxValue);
            Require(!isLong || blocks[i].LastDocument == former);
        }
    }

    private static bool Rises(ulong[] keys)
    {
        for (var i = 1; i < keys.Length; i++)
        {
            if (keys[i - 1] >= keys[i])
                return false;
        }

        return true;
    }

    private static void Require(bool holds)
    {
        if (!holds)
            throw SegmentStream.Malformed();
    }
}
