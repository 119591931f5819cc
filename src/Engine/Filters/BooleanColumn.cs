namespace Rag.Engine.Filters;

/// <summary>
/// The booleans under one metadata key: two bits a row, so that a list needs no more than a single value. One writer,
/// readers without locks.
/// </summary>
internal sealed class BooleanColumn
{
    private readonly PageDirectory<Page> _pages = new();

    public long MemoryBytes => _pages.DirectoryBytes + _pages.PageCount * 32L + 64;

    public void Set(int row, bool value)
    {
        var page = _pages.GetOrAdd(row);
        if (value)
            Volatile.Write(ref page.True, page.True | 1UL << (row & 63));
        else
            Volatile.Write(ref page.False, page.False | 1UL << (row & 63));
    }

    public void Erase(int row)
    {
        if (_pages.Find(row) is not { } page)
            return;
        page.True &= ~(1UL << (row & 63));
        page.False &= ~(1UL << (row & 63));
    }

    public bool Has(int row, bool value) =>
        _pages.Find(row) is { } page && ((value ? page.True : page.False) >> (row & 63) & 1) != 0;

    /// <summary>Adds the rows that have true, false, or either.</summary>
    public void Collect(bool wantTrue, bool wantFalse, RowBitmap to)
    {
        var words = to.Words;
        var pages = _pages.Pages;
        for (var i = to.FirstWord; i < Math.Min(words.Length, pages.Length); i++)
        {
            if (pages[i] is not { } page)
                continue;
            words[i] |= (wantTrue ? Volatile.Read(ref page.True) : 0) | (wantFalse ? Volatile.Read(ref page.False) : 0);
        }
    }

    private sealed class Page
    {
        public ulong True;
        public ulong False;
    }
}
