namespace Rag.Ingestor.Jobs;

/// <summary>
/// A limit on what runs at a time, shared fairly: workspaces take turns whatever their number of waiters, and no
/// workspace has more than its share, so that a slot is soon free for a newcomer. Thread-safe.
/// </summary>
internal sealed class FairGate(int slots, int share)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<Guid, Line> _lines = [];
    private readonly LinkedList<Line> _turns = new();
    private int _free = slots;

    /// <summary>Waits for a slot; dispose gives it back.</summary>
    public async ValueTask<Slot> EnterAsync(Guid workspace, CancellationToken cancellationToken)
    {
        Waiter waiter;
        lock (_lock)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var line = LineOf(workspace);
            if (_free > 0 && line.Held < share && line.Waiters.Count == 0)
            {
                _free--;
                line.Held++;
                return new Slot(this, line);
            }

            waiter = new Waiter();
            line.Waiters.Enqueue(waiter);
            if (!line.InTurns)
            {
                line.InTurns = true;
                _turns.AddLast(line);
            }
        }

        // Who is given a slot at the same moment as it is cancelled keeps it and gives it back by the usual way.
        await using var registration = cancellationToken.UnsafeRegister(
            static (state, token) => ((Waiter)state!).TrySetCanceled(token), waiter);
        return await waiter.Task;
    }

    private Line LineOf(Guid workspace)
    {
        if (!_lines.TryGetValue(workspace, out var line))
            _lines.Add(workspace, line = new Line(workspace));
        return line;
    }

    private void Leave(Line line)
    {
        lock (_lock)
        {
            _free++;
            line.Held--;
            HandOut();
            if (line.Held == 0 && line.Waiters.Count == 0)
                _lines.Remove(line.Workspace);
        }
    }

    /// <summary>
    /// Gives free slots to waiters, a workspace after the other; those at their share are passed over.
    /// </summary>
    private void HandOut()
    {
        for (var node = _turns.First; node is not null && _free > 0;)
        {
            var next = node.Next;
            var line = node.Value;
            while (line.Waiters.TryPeek(out var gone) && gone.Task.IsCompleted)
                line.Waiters.Dequeue();
            if (line.Waiters.Count == 0)
            {
                line.InTurns = false;
                _turns.Remove(node);
                if (line.Held == 0)
                    _lines.Remove(line.Workspace);
            }
            else if (line.Held < share)
            {
                _turns.Remove(node);
                _turns.AddLast(node);
                var waiter = line.Waiters.Dequeue();
                line.Held++;
                _free--;
                if (!waiter.TrySetResult(new Slot(this, line)))
                {
                    line.Held--;
                    _free++;
                }
            }

            node = next;
        }
    }

    /// <summary>One place behind the gate.</summary>
    public readonly struct Slot : IDisposable
    {
        private readonly FairGate? _gate;
        private readonly Line? _line;

        internal Slot(FairGate gate, Line line)
        {
            _gate = gate;
            _line = line;
        }

        /// <summary>Gives the place back; once.</summary>
        public void Dispose() => _gate?.Leave(_line!);
    }

    internal sealed class Line(Guid workspace)
    {
        public Guid Workspace { get; } = workspace;

        public Queue<Waiter> Waiters { get; } = new();

        public int Held { get; set; }

        public bool InTurns { get; set; }
    }

    internal sealed class Waiter() : TaskCompletionSource<Slot>(TaskCreationOptions.RunContinuationsAsynchronously);
}
