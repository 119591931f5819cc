namespace Rag.Engine.Rows;

/// <summary>Pages whose rows lie elsewhere by now, kept for readers that may still be inside.</summary>
internal sealed class ReplacedPages : IDisposable
{
    private readonly List<RowPage> _pages = new(1);

    public long MemoryBytes { get; private set; }

    public void Add(RowPage page)
    {
        _pages.Add(page);
        MemoryBytes += page.MemoryBytes;
    }

    public void Dispose()
    {
        foreach (var page in _pages)
            page.Dispose();
        _pages.Clear();
        MemoryBytes = 0;
    }
}
