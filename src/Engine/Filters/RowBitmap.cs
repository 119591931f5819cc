using System.Buffers;
using System.Numerics;

namespace Rag.Engine.Filters;

/// <summary>
/// A set of row ordinals below a limit, one bit a row, in pooled memory. Not thread-safe; a disposed one must not be
/// used.
/// </summary>
internal struct RowBitmap : IDisposable
{
    private ulong[]? _words;

    private readonly bool _pooled;

    private RowBitmap(ulong[] words, int rowLimit, int firstWord, bool pooled)
    {
        _words = words;
        _pooled = pooled;
        RowLimit = rowLimit;
        FirstWord = firstWord;
    }

    /// <summary>Rows are 0…RowLimit−1.</summary>
    public int RowLimit { get; }

    /// <summary>Who fills the set leaves the words before this one as they are.</summary>
    public int FirstWord { get; }

    public readonly Span<ulong> Words => _words.AsSpan(0, WordCount(RowLimit));

    /// <summary>Number of rows in the set.</summary>
    public readonly int Count
    {
        get
        {
            var count = 0;
            foreach (var word in Words)
                count += BitOperations.PopCount(word);
            return count;
        }
    }

    /// <summary>A set of no rows.</summary>
    public static RowBitmap Rent(int rowLimit, int firstWord = 0)
    {
        var words = ArrayPool<ulong>.Shared.Rent(Math.Max(1, WordCount(rowLimit)));
        var bitmap = new RowBitmap(words, rowLimit, firstWord, pooled: true);
        bitmap.Words.Clear();
        return bitmap;
    }

    /// <summary>A set in memory of the caller's, at least <see cref="WordCount"/> words.</summary>
    public static RowBitmap Over(ulong[] words, int rowLimit) => new(words, rowLimit, 0, pooled: false);

    public static int WordCount(int rowLimit) => (rowLimit + 63) >> 6;

    public readonly bool Contains(int row) =>
        (uint)row < (uint)RowLimit && (_words![row >> 6] >> row & 1) != 0;

    /// <summary>The first row from <paramref name="row"/> on that is in the set; int.MaxValue if there is
    /// none.</summary>
    public readonly int Next(int row)
    {
        if ((uint)row >= (uint)RowLimit)
            return int.MaxValue;
        var index = row >> 6;
        var word = _words![index] & ulong.MaxValue << row;
        for (var last = WordCount(RowLimit) - 1; word == 0; word = _words[index])
        {
            if (++index > last)
                return int.MaxValue;
        }

        return (index << 6) + BitOperations.TrailingZeroCount(word);
    }

    public readonly void Add(int row) => _words![row >> 6] |= 1UL << row;

    /// <summary>Keeps what is in the other set, too; words that it does not have stay.</summary>
    public readonly void IntersectWith(RowBitmap other)
    {
        var others = other.Words;
        var words = Words[..others.Length];
        for (var i = 0; i < words.Length; i++)
            words[i] &= others[i];
    }

    public readonly void UniteWith(RowBitmap other)
    {
        var words = Words;
        var others = other.Words;
        for (var i = 0; i < words.Length; i++)
            words[i] |= others[i];
    }

    public readonly void Fill()
    {
        Words.Fill(ulong.MaxValue);
        TrimTail();
    }

    public readonly void Invert()
    {
        foreach (ref var word in Words)
            word = ~word;
        TrimTail();
    }

    public void Dispose()
    {
        if (_pooled && _words is { } words)
            ArrayPool<ulong>.Shared.Return(words);
        _words = null;
    }

    private readonly void TrimTail()
    {
        if ((RowLimit & 63) != 0)
            Words[^1] &= (1UL << (RowLimit & 63)) - 1;
    }
}
