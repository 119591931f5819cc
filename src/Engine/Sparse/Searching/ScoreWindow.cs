using System.Runtime.CompilerServices;

namespace Rag.Engine.Sparse;

/// <summary>Sums of the documents of one window of a segment, and which of them have any.</summary>
internal sealed class ScoreWindow
{
    public const int Length = 2048;

    private readonly long[] _sums = new long[Length];
    private readonly ulong[] _touched = new ulong[Length / 64];

    /// <summary>The first document of the window.</summary>
    public int Start { get; set; }

    /// <summary>A bit for each document that has a sum.</summary>
    public ulong[] Touched => _touched;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(int document, long score)
    {
        var at = document - Start;
        _sums[at] += score;
        _touched[at >> 6] |= 1UL << at;
    }

    /// <summary>A document's sum, which is forgotten.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public long Take(int at)
    {
        var sum = _sums[at];
        _sums[at] = 0;
        return sum;
    }
}
