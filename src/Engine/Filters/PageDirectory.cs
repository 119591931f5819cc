namespace Rag.Engine.Filters;

/// <summary>
/// A growing array of pages for 64 rows each, made when one of their rows gets a value. One writer; readers without a
/// lock see each page at the latest when they may see its rows.
/// </summary>
internal sealed class PageDirectory<TPage>
    where TPage : class, new()
{
    private TPage?[] _pages = [];

    /// <summary>Pages by row / 64, null where no row ever had a value. May be shorter than the table of rows.</summary>
    public ReadOnlySpan<TPage?> Pages => Volatile.Read(ref _pages);

    public int PageCount { get; private set; }

    public long DirectoryBytes => 24 + _pages.Length * 8L;

    public TPage GetOrAdd(int row)
    {
        var index = row >> 6;
        if (index >= _pages.Length)
        {
            var larger = _pages;
            Array.Resize(ref larger, Math.Max(index + 1, larger.Length + larger.Length / 2));
            Volatile.Write(ref _pages, larger);
        }

        if (_pages[index] is { } page)
            return page;
        page = new TPage();
        Volatile.Write(ref _pages[index], page);
        PageCount++;
        return page;
    }

    public TPage? Find(int row) => row >> 6 < _pages.Length ? _pages[row >> 6] : null;
}
