using System.Runtime.Intrinsics;

namespace Rag.Engine.Filters;

/// <summary>
/// The integers, floats, timestamps or places under one metadata key, as 64-bit numbers in the same order, in pages of 64 rows.
/// One writer, readers without locks.
/// </summary>
internal sealed class NumberColumn
{
    private readonly PageDirectory<Page> _pages = new();
    private long _listBytes;

    public long MemoryBytes => _pages.DirectoryBytes + _pages.PageCount * 600L + _listBytes + 80;

    public void Set(int row, long value)
    {
        var page = _pages.GetOrAdd(row);
        page.Values[row & 63] = value;
        Volatile.Write(ref page.Single, page.Single | Bit(row));
    }

    public void SetList(int row, long[] values)
    {
        if (values.Length == 0)
            return;
        var page = _pages.GetOrAdd(row);
        page.Lists ??= new long[]?[64];
        _listBytes += 24 + values.Length * 8L;
        page.Lists[row & 63] = values;
        Volatile.Write(ref page.Several, page.Several | Bit(row));
    }

    public void Erase(int row)
    {
        if (_pages.Find(row) is not { } page)
            return;
        page.Single &= ~Bit(row);
        if ((page.Several & Bit(row)) == 0)
            return;
        page.Several &= ~Bit(row);
        _listBytes -= 24 + page.Lists![row & 63]!.Length * 8L;
        page.Lists[row & 63] = null;
    }

    /// <summary>The values of a row: none, one or several.</summary>
    public ReadOnlySpan<long> this[int row]
    {
        get
        {
            if (_pages.Find(row) is not { } page)
                return default;
            if ((page.Several & Bit(row)) != 0)
                return page.Lists![row & 63];
            return (page.Single & Bit(row)) != 0 ? page.Values.AsSpan(row & 63, 1) : default;
        }
    }

    public bool IsList(int row) => _pages.Find(row) is { } page && (page.Several & Bit(row)) != 0;

    /// <summary>Adds the rows with a value from <paramref name="low"/> to <paramref name="high"/>, both
    /// inclusive.</summary>
    public void CollectBetween(long low, long high, RowBitmap to)
    {
        var words = to.Words;
        var pages = _pages.Pages;
        for (var i = to.FirstWord; i < Math.Min(words.Length, pages.Length); i++)
        {
            if (pages[i] is not { } page)
                continue;
            var found = Between(page.Values, low, high) & Volatile.Read(ref page.Single);
            for (var rest = Volatile.Read(ref page.Several); rest != 0; rest &= rest - 1)
            {
                var local = System.Numerics.BitOperations.TrailingZeroCount(rest);
                foreach (var value in page.Lists![local].AsSpan())
                {
                    if (value >= low && value <= high)
                        found |= 1UL << local;
                }
            }

            words[i] |= found;
        }
    }

    /// <summary>Adds the rows with one of the values, which are sorted.</summary>
    public void CollectIn(ReadOnlySpan<long> sorted, RowBitmap to)
    {
        var words = to.Words;
        var pages = _pages.Pages;
        for (var i = to.FirstWord; i < Math.Min(words.Length, pages.Length); i++)
        {
            if (pages[i] is not { } page)
                continue;
            ulong found = 0;
            for (var rest = Volatile.Read(ref page.Single); rest != 0; rest &= rest - 1)
            {
                var local = System.Numerics.BitOperations.TrailingZeroCount(rest);
                if (sorted.BinarySearch(page.Values[local]) >= 0)
                    found |= 1UL << local;
            }

            for (var rest = Volatile.Read(ref page.Several); rest != 0; rest &= rest - 1)
            {
                var local = System.Numerics.BitOperations.TrailingZeroCount(rest);
                foreach (var value in page.Lists![local].AsSpan())
                {
                    if (sorted.BinarySearch(value) >= 0)
                        found |= 1UL << local;
                }
            }

            words[i] |= found;
        }
    }

    /// <summary>Adds the rows with a value that passes a test.</summary>
    public void CollectWhere<TTest>(TTest test, RowBitmap to)
        where TTest : struct, INumberTest
    {
        var words = to.Words;
        var pages = _pages.Pages;
        for (var i = to.FirstWord; i < Math.Min(words.Length, pages.Length); i++)
        {
            if (pages[i] is not { } page)
                continue;
            ulong found = 0;
            for (var rest = Volatile.Read(ref page.Single); rest != 0; rest &= rest - 1)
            {
                var local = System.Numerics.BitOperations.TrailingZeroCount(rest);
                if (test.Accepts(page.Values[local]))
                    found |= 1UL << local;
            }

            for (var rest = Volatile.Read(ref page.Several); rest != 0; rest &= rest - 1)
            {
                var local = System.Numerics.BitOperations.TrailingZeroCount(rest);
                foreach (var value in page.Lists![local].AsSpan())
                {
                    if (test.Accepts(value))
                        found |= 1UL << local;
                }
            }

            words[i] |= found;
        }
    }

    /// <summary>Adds the rows that have any value.</summary>
    public void CollectPresent(RowBitmap to)
    {
        var words = to.Words;
        var pages = _pages.Pages;
        for (var i = to.FirstWord; i < Math.Min(words.Length, pages.Length); i++)
        {
            if (pages[i] is { } page)
                words[i] |= Volatile.Read(ref page.Single) | Volatile.Read(ref page.Several);
        }
    }

    private static ulong Between(long[] values, long low, long high)
    {
        ulong found = 0;
        var lowest = Vector256.Create(low);
        var highest = Vector256.Create(high);
        for (var at = 0; at < 64; at += Vector256<long>.Count)
        {
            var four = Vector256.Create(values, at);
            var inside = Vector256.GreaterThanOrEqual(four, lowest) & Vector256.LessThanOrEqual(four, highest);
            found |= (ulong)inside.ExtractMostSignificantBits() << at;
        }

        return found;
    }

    private static ulong Bit(int row) => 1UL << (row & 63);

    private sealed class Page
    {
        public readonly long[] Values = new long[64];

        // Rows with one value in Values, and rows with several in Lists.
        public ulong Single;
        public ulong Several;
        public long[]?[]? Lists;
    }
}
