using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Rag.Engine.Filters;

/// <summary>
/// The strings under one metadata key: a number from the dictionary for each row, in pages of 64 rows, so that a page
/// is tested to one word of a bitmap. One writer, readers without locks.
/// </summary>
internal sealed class KeywordColumn
{
    // In place of a number: the row has several values, or a list.
    private const int ListMark = -1;

    private readonly PageDirectory<Page> _pages = new();
    private long _listBytes;

    private KeywordWords? _words;

    public KeywordDictionary Dictionary { get; } = new();

    /// <summary>The strings by their words; made by the first who asks.</summary>
    public KeywordWords Words =>
        Volatile.Read(ref _words) ?? Interlocked.CompareExchange(ref _words, new KeywordWords(Dictionary), null) ?? _words!;

    public long MemoryBytes =>
        Dictionary.MemoryBytes + _pages.DirectoryBytes + _pages.PageCount * 320L + _listBytes + 100
        + (Volatile.Read(ref _words)?.MemoryBytes ?? 0);

    public void Set(int row, ReadOnlySpan<byte> value) => SetNumber(row, Dictionary.GetOrAdd(value));

    /// <summary>Sets a number that <see cref="Dictionary"/> gave.</summary>
    public void SetNumber(int row, int number) =>
        Volatile.Write(ref _pages.GetOrAdd(row).Numbers[row & 63], number);

    /// <summary>Sets a list of numbers that <see cref="Dictionary"/> gave.</summary>
    public void SetList(int row, int[] numbers)
    {
        if (numbers.Length == 0)
            return;
        var page = _pages.GetOrAdd(row);
        page.Lists ??= new int[]?[64];
        _listBytes += 24 + numbers.Length * 4L;
        page.Lists[row & 63] = numbers;
        Volatile.Write(ref page.Numbers[row & 63], ListMark);
    }

    public void Erase(int row)
    {
        if (_pages.Find(row) is not { } page)
            return;
        if (page.Numbers[row & 63] == ListMark)
        {
            _listBytes -= 24 + page.Lists![row & 63]!.Length * 4L;
            page.Lists[row & 63] = null;
        }

        page.Numbers[row & 63] = 0;
    }

    /// <summary>The numbers of a row: none, one or several. Writer, or a reader that sees the row.</summary>
    public ReadOnlySpan<int> this[int row]
    {
        get
        {
            if (_pages.Find(row) is not { } page || page.Numbers[row & 63] == 0)
                return default;
            return page.Numbers[row & 63] == ListMark
                ? page.Lists![row & 63]
                : MemoryMarshal.CreateReadOnlySpan(ref page.Numbers[row & 63], 1);
        }
    }

    public bool IsList(int row) => _pages.Find(row) is { } page && page.Numbers[row & 63] == ListMark;

    /// <summary>Adds the rows that have one number.</summary>
    public void CollectEqual(int number, RowBitmap to)
    {
        var words = to.Words;
        var pages = _pages.Pages;
        for (var i = to.FirstWord; i < Math.Min(words.Length, pages.Length); i++)
        {
            if (pages[i] is not { } page)
                continue;
            var found = EqualTo(page.Numbers, number);
            if (page.Lists is { } lists)
                found |= InLists(page, lists, number);
            words[i] |= found;
        }
    }

    /// <summary>Adds the rows that have a number whose bit is set in <paramref name="accepted"/>.</summary>
    public void CollectIn(ReadOnlySpan<ulong> accepted, RowBitmap to)
    {
        var words = to.Words;
        var pages = _pages.Pages;
        for (var i = to.FirstWord; i < Math.Min(words.Length, pages.Length); i++)
        {
            if (pages[i] is not { } page)
                continue;
            ulong found = 0;
            for (var local = 0; local < 64; local++)
            {
                var number = Volatile.Read(ref page.Numbers[local]);
                if (number > 0 ? IsSet(accepted, number) : number == ListMark && AnySet(accepted, page.Lists![local]))
                    found |= 1UL << local;
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
                words[i] |= ~EqualTo(page.Numbers, 0);
        }
    }

    private static ulong EqualTo(int[] numbers, int number)
    {
        ulong found = 0;
        var wanted = Vector256.Create(number);
        for (var at = 0; at < 64; at += Vector256<int>.Count)
            found |= (ulong)Vector256.Equals(Vector256.Create(numbers, at), wanted).ExtractMostSignificantBits() << at;
        return found;
    }

    private static ulong InLists(Page page, int[]?[] lists, int number)
    {
        ulong found = 0;
        for (var rest = EqualTo(page.Numbers, ListMark); rest != 0; rest &= rest - 1)
        {
            var local = System.Numerics.BitOperations.TrailingZeroCount(rest);
            if (lists[local].AsSpan().Contains(number))
                found |= 1UL << local;
        }

        return found;
    }

    // Values that came after the filter was translated have numbers beyond the set.
    private static bool IsSet(ReadOnlySpan<ulong> accepted, int number) =>
        number >> 6 < accepted.Length && (accepted[number >> 6] >> number & 1) != 0;

    private static bool AnySet(ReadOnlySpan<ulong> accepted, int[]? numbers)
    {
        foreach (var number in numbers.AsSpan())
        {
            if (IsSet(accepted, number))
                return true;
        }

        return false;
    }

    private sealed class Page
    {
        public readonly int[] Numbers = new int[64];
        public int[]?[]? Lists;
    }
}
