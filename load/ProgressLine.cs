namespace Rag.Load;

/// <summary>One line that changes in place, on a terminal only. Thread-safe.</summary>
internal sealed class ProgressLine(TextWriter output) : IDisposable
{
    private readonly bool _isShown = !Console.IsErrorRedirected;
    private readonly Lock _lock = new();
    private int _length;

    public void Show(string text)
    {
        if (!_isShown)
            return;
        lock (_lock)
        {
            output.Write('\r' + text.PadRight(_length));
            _length = text.Length;
        }
    }

    public void Clear()
    {
        Show("");
        if (_isShown)
            output.Write('\r');
    }

    public void Dispose() => Clear();
}
