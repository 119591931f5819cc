namespace Rag.Embedding.Full;

/// <summary>
/// Where texts of all callers meet and become batches. Queries go first. Passages are taken in rounds: what waits when a
/// round begins is sorted by length, so that rows of a batch are of like length, and finished before the next round, so
/// that no text starves. Texts of the background are taken when nothing else waits, a few at a time, by workers of their
/// own, which no query wakes. Safe for concurrent use.
/// </summary>
internal sealed class BatchQueue(BatchLimits limits)
{
    // Enough for batches of even length; more would only make the oldest wait longer.
    private const int RoundSize = 512;

    // Whoever takes the last text that goes first does not wake the background: it looks again by itself.
    private const int BackgroundLookMs = 5;

    private readonly object _gate = new();
    private readonly object _backgroundCame = new();
    private readonly LinkedList<EncodeItem> _queries = new();
    private readonly Queue<EncodeItem> _passages = new();
    private readonly LinkedList<EncodeItem> _background = new();
    private readonly List<EncodeItem> _round = [];
    private bool _closed;

    /// <summary>Texts that wait.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
                return _queries.Count + _passages.Count + _round.Count + _background.Count;
        }
    }

    /// <summary>Queries that wait.</summary>
    public int Queries
    {
        get
        {
            lock (_gate)
                return _queries.Count;
        }
    }

    /// <summary>Adds a query, unless too many wait.</summary>
    /// <exception cref="ObjectDisposedException">The queue is closed.</exception>
    public bool TryAddQuery(EncodeItem item)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_closed, typeof(Embedder));
            if (_queries.Count >= limits.MaxQueuedQueries)
                return false;
            _queries.AddLast(item);
            // Whoever waits here takes queries: one is enough.
            Monitor.Pulse(_gate);
            return true;
        }
    }

    /// <summary>Adds passages; how many may wait is the caller's business.</summary>
    /// <exception cref="ObjectDisposedException">The queue is closed.</exception>
    public void AddPassages(IEnumerable<EncodeItem> items)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_closed, typeof(Embedder));
            foreach (var item in items)
                _passages.Enqueue(item);
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>Adds texts that nobody waits for; how many may wait is the caller's business.</summary>
    /// <exception cref="ObjectDisposedException">The queue is closed.</exception>
    public void AddBackground(IEnumerable<EncodeItem> items)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_closed, typeof(Embedder));
            foreach (var item in items)
                _background.AddLast(item);
        }

        WakeBackground();
    }

    /// <summary>
    /// Waits until there are texts of the background and nothing else waits, and moves a small batch of them to
    /// <paramref name="batch"/>.
    /// </summary>
    /// <param name="batch">Receives at least one text.</param>
    /// <returns>False when the queue is closed.</returns>
    public bool TakeBackground(List<EncodeItem> batch)
    {
        batch.Clear();
        while (true)
        {
            lock (_gate)
            {
                if (_closed)
                    return false;
                DropEnded();
                if (_queries.Count + _passages.Count + _round.Count == 0)
                    TakeAlike(_background, batch, limits.BackgroundTexts, limits.BackgroundTokens);
                if (batch.Count > 0)
                    return true;
            }

            AwaitBackground();
        }
    }

    /// <summary>Waits for a batch and moves it to <paramref name="batch"/>, replacing its content.</summary>
    /// <param name="queriesOnly">Whether passages are left to others.</param>
    /// <param name="batch">Receives at least one text.</param>
    /// <returns>False when the queue is closed.</returns>
    public bool Take(bool queriesOnly, List<EncodeItem> batch)
    {
        batch.Clear();
        lock (_gate)
        {
            while (!_closed)
            {
                DropEnded();
                var wait = Ready(_queries.Count, _queries.First?.Value);
                if (wait == 0)
                {
                    TakeAlike(_queries, batch, limits.MaxTexts, limits.MaxTokens);
                    if (batch.Count > 0)
                        return true;
                    continue;
                }

                if (!queriesOnly)
                {
                    _passages.TryPeek(out var oldest);
                    var passageWait = _round.Count > 0 ? 0 : Ready(_passages.Count, oldest);
                    if (passageWait == 0)
                    {
                        TakePassages(batch);
                        if (batch.Count > 0)
                            return true;
                        continue;
                    }

                    wait = Shorter(wait, passageWait);
                }

                Monitor.Wait(_gate, wait);
            }

            return false;
        }
    }

    /// <summary>Closes the queue and returns what still waits.</summary>
    public IReadOnlyList<EncodeItem> Close()
    {
        EncodeItem[] left;
        lock (_gate)
        {
            _closed = true;
            left = [.. _queries, .. _passages, .. _round, .. _background];
            _queries.Clear();
            _background.Clear();
            _passages.Clear();
            _round.Clear();
            Monitor.PulseAll(_gate);
        }

        WakeBackground();
        return left;
    }

    private static int Shorter(int a, int b) => a < 0 ? b : b < 0 ? a : Math.Min(a, b);

    private void WakeBackground()
    {
        lock (_backgroundCame)
            Monitor.PulseAll(_backgroundCame);
    }

    private void AwaitBackground()
    {
        lock (_backgroundCame)
        {
            int wait;
            lock (_gate)
                wait = _closed ? 0 : _background.Count == 0 ? Timeout.Infinite : BackgroundLookMs;
            Monitor.Wait(_backgroundCame, wait);
        }
    }

    private void DropEnded()
    {
        while (_queries.First is { } query && query.Value.Call.IsOver)
            _queries.RemoveFirst();
        while (_passages.TryPeek(out var passage) && passage.Call.IsOver)
            _passages.Dequeue();
    }

    /// <summary>Milliseconds until a batch may start: 0 now, -1 never (nothing waits).</summary>
    private int Ready(int count, EncodeItem? oldest)
    {
        if (oldest is null)
            return Timeout.Infinite;
        if (count >= limits.MaxTexts || limits.MaxDelay == TimeSpan.Zero)
            return 0;
        var waited = Environment.TickCount64 - oldest.EnqueuedMs;
        return (int)Math.Max(0, Math.Ceiling(limits.MaxDelay.TotalMilliseconds) - waited);
    }

    /// <summary>The oldest text, and with it those that wait and are about as long.</summary>
    private void TakeAlike(LinkedList<EncodeItem> waiting, List<EncodeItem> batch, int maxTexts, int maxTokens)
    {
        var shortest = int.MaxValue;
        var longest = 0;
        for (var node = waiting.First; node is not null && batch.Count < maxTexts;)
        {
            var next = node.Next;
            var length = node.Value.Ids.Length;
            var (low, high) = (Math.Min(shortest, length), Math.Max(longest, length));
            if (node.Value.Call.IsOver)
            {
                waiting.Remove(node);
            }
            else if (batch.Count == 0
                || (high * (batch.Count + 1) <= maxTokens && high - low <= high * limits.MaxPadding))
            {
                batch.Add(node.Value);
                waiting.Remove(node);
                (shortest, longest) = (low, high);
            }

            node = next;
        }
    }

    private void TakePassages(List<EncodeItem> batch)
    {
        if (_round.Count == 0)
        {
            while (_round.Count < RoundSize && _passages.TryDequeue(out var item))
            {
                if (!item.Call.IsOver)
                    _round.Add(item);
            }

            _round.Sort((a, b) => a.Ids.Length.CompareTo(b.Ids.Length));
        }

        // From the long end: the first text taken is the longest of its batch.
        var longest = _round.Count > 0 ? _round[^1].Ids.Length : 0;
        while (_round.Count > 0 && batch.Count < limits.MaxTexts
            && (batch.Count == 0 || (longest * (batch.Count + 1) <= limits.MaxTokens
                && longest - _round[^1].Ids.Length <= longest * limits.MaxPadding)))
        {
            var item = _round[^1];
            _round.RemoveAt(_round.Count - 1);
            if (!item.Call.IsOver)
                batch.Add(item);
        }
    }
}
