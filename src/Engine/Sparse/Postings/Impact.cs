using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Rag.Engine.Sparse;

/// <summary>
/// A pair of a term's weight in a document and the document's length that no posting of a block beats in both. What a
/// block can score at most, under any averages, is the best of its few pairs.
/// </summary>
[StructLayout(LayoutKind.Sequential, Pack = 2)]
internal readonly record struct Impact(ushort Payload, ushort Length);

/// <summary>The pairs of a block, best payload first; the last is repeated where there are fewer.</summary>
[InlineArray(Count)]
internal struct Impacts
{
    public const int Count = 4;

    private Impact _first;

    /// <summary>The pairs that bound all of <paramref name="postings"/>.</summary>
    public static Impacts Of(ReadOnlySpan<Impact> postings)
    {
        // What nothing else beats, payloads falling and lengths falling with them.
        Span<Impact> best = stackalloc Impact[BlockPacking.BlockLength];
        var count = 0;
        foreach (var one in postings)
            count = Insert(best, count, one);
        var impacts = default(Impacts);
        for (var i = 0; i < Count; i++)
            impacts[i] = best[Math.Min(i, count - 1)];
        // Where there are more, one that beats them all stands for the rest.
        if (count > Count)
            impacts[Count - 1] = new Impact(best[Count - 1].Payload, best[count - 1].Length);
        return impacts;
    }

    public void Fill(Impact one)
    {
        for (var i = 0; i < Count; i++)
            this[i] = one;
    }

    private static int Insert(Span<Impact> best, int count, Impact one)
    {
        var at = 0;
        while (at < count && best[at].Payload >= one.Payload)
        {
            if (best[at++].Length <= one.Length)
                return count;
        }

        var end = at;
        while (end < count && best[end].Length >= one.Length)
            end++;
        best[end..count].CopyTo(best[(at + 1)..]);
        best[at] = one;
        return count - (end - at) + 1;
    }
}
