namespace Rag.Hosting.Overload;

/// <summary>
/// Lines of waiters, one a key, served in turn. Not thread-safe.
/// <code>
/// new lines ─► first, once
/// old lines ─► in turn, one waiter each
/// </code>
/// A line that begins is served before those that stand, so a key that asks now and then hardly waits however many others
/// have waiting; one that has been emptied stays among the old lines until its turn comes, so it cannot begin anew before
/// all others had theirs, and none starves. Every step takes constant time. After T. Høiland-Jørgensen et al., "The Flow
/// Queue CoDel Packet Scheduler and Active Queue Management Algorithm", RFC 8290, section 4, with one search as quantum.
/// </summary>
internal sealed class FairQueue<TKey>
    where TKey : notnull
{
    /// <summary>Empty lines that are kept for use again.</summary>
    private const int MaxSpare = 256;

    private readonly Dictionary<TKey, Line> _lines = [];
    private readonly Queue<Line> _new = new();
    private readonly Queue<Line> _old = new();
    private readonly Stack<Line> _spare = new();

    /// <summary>Waiters in all lines.</summary>
    public int Count { get; private set; }

    /// <summary>Keys that have waiters, or had them a moment ago.</summary>
    public int Lines => _lines.Count;

    /// <summary>Waiters of a key.</summary>
    public int CountOf(TKey key) => _lines.TryGetValue(key, out var line) ? line.Count : 0;

    public void Add(TKey key, Waiter waiter)
    {
        if (!_lines.TryGetValue(key, out var line))
        {
            line = _spare.TryPop(out var spare) ? spare : new Line();
            line.Key = key;
            _lines.Add(key, line);
            _new.Enqueue(line);
        }

        line.Add(waiter);
        Count++;
    }

    /// <summary>Takes the waiter whose turn it is; null where none waits.</summary>
    public Waiter? Take()
    {
        while (_new.TryDequeue(out var line))
        {
            _old.Enqueue(line);
            if (line.Count > 0)
                return TakeFrom(line);
        }

        while (_old.TryDequeue(out var line))
        {
            if (line.Count > 0)
            {
                _old.Enqueue(line);
                return TakeFrom(line);
            }

            _lines.Remove(line.Key);
            line.Key = default!;
            if (_spare.Count < MaxSpare)
                _spare.Push(line);
        }

        return null;
    }

    private Waiter TakeFrom(Line line)
    {
        Count--;
        return line.Take();
    }

    /// <summary>Waiters of one key, first come first served.</summary>
    private sealed class Line
    {
        private Waiter? _first;
        private Waiter? _last;

        public TKey Key { get; set; } = default!;

        public int Count { get; private set; }

        public void Add(Waiter waiter)
        {
            if (_last is null)
                _first = waiter;
            else
                _last.Next = waiter;
            _last = waiter;
            Count++;
        }

        public Waiter Take()
        {
            var taken = _first!;
            _first = taken.Next;
            if (_first is null)
                _last = null;
            taken.Next = null;
            Count--;
            return taken;
        }
    }
}
