using System.Runtime.CompilerServices;
using Rag.Shard.Replication;

namespace Rag.Shard.Tests.Replication;

/// <summary>A shared log in memory that loses its tail on demand, and leaves out what it is told to.</summary>
internal sealed class FakeSharedLog(int streams = 2) : ISharedLog
{
    private readonly Lock _lock = new();
    private readonly Dictionary<int, List<Message>> _messages = [];
    private readonly Dictionary<int, ulong> _last = [];
    private readonly Dictionary<int, ulong> _first = [];
    private TaskCompletionSource _changed = NewSource();
    private long _stored;
    private int _breaks;
    private Task _republished = Task.CompletedTask;

    /// <summary>Told of each message that is stored.</summary>
    public Action<string>? Trace { get; set; }

    /// <summary>No call is answered.</summary>
    public volatile bool IsAway;

    /// <summary>Publishes of messages above these bytes a stream are refused; 0 for no limit.</summary>
    public long MaxBytes { get; set; }

    public int StreamOf(int partition) => partition % streams;

    public ulong Last(int stream)
    {
        lock (_lock)
            return _last.GetValueOrDefault(stream);
    }

    /// <summary>Forgets what came behind a sequence, and breaks every reader off.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="keep">What stays.</param>
    /// <param name="again">Sequences of messages that are sent again at once, in this order, as from clients' buffers.</param>
    public void LoseTail(int stream, ulong keep, params IReadOnlyList<ulong> again)
    {
        lock (_lock)
        {
            var strays = again.Select(sequence => Of(stream).Single(message => message.Sequence == sequence)).ToList();
            Of(stream).RemoveAll(message => message.Sequence > keep);
            _last[stream] = Math.Min(keep, _last.GetValueOrDefault(stream));
            foreach (var stray in strays)
                Of(stream).Add(stray with { Sequence = ++_last[stream], StoredAt = ++_stored });
        }

        Break();
    }

    public void Break()
    {
        lock (_lock)
            _breaks++;
        Signal();
    }

    public async ValueTask<SharedLogState> GetStateAsync(int stream, CancellationToken cancellationToken)
    {
        await AnswerAsync();
        lock (_lock)
        {
            var bytes = Of(stream).Sum(message => (long)message.Body.Length);
            return new SharedLogState(_first.GetValueOrDefault(stream, 1ul), _last.GetValueOrDefault(stream), bytes, MaxBytes, "n");
        }
    }

    public async ValueTask<ulong> GetLastAsync(int partition, CancellationToken cancellationToken)
    {
        await AnswerAsync();
        lock (_lock)
            return Of(StreamOf(partition)).LastOrDefault(message => message.Partition == partition).Sequence;
    }

    public async ValueTask<SharedLogEntry?> FindNextAsync(int partition, ulong from, CancellationToken cancellationToken)
    {
        await AnswerAsync();
        return FindNext(partition, from);
    }

    public async IAsyncEnumerable<IReadOnlyList<SharedLogEntry>> ReadAsync(
        int partition, ulong from, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await AnswerAsync();
        int breaks;
        lock (_lock)
            breaks = _breaks;
        while (true)
        {
            Task changed;
            var batch = new List<SharedLogEntry>();
            lock (_lock)
            {
                if (_breaks != breaks)
                    throw new SharedLogException("The log was away.");
                changed = _changed.Task;
                batch.AddRange(Of(StreamOf(partition)).Where(message => message.Partition == partition && message.Sequence >= from)
                    .Take(7).Select(message => new SharedLogEntry(message.Sequence, message.Body, message.StoredAt)));
            }

            if (batch.Count > 0)
            {
                from = batch[^1].Sequence + 1;
                yield return batch;
                continue;
            }

            await changed.WaitAsync(cancellationToken);
        }
    }

    /// <summary>What different shards send may overtake each other; what one publishes again keeps its order.</summary>
    public async ValueTask<ulong> PublishAsync(
        int partition, string id, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        var message = LogMessage.TryRead(body);
        if (message?.Type is not LogMessageType.Republished)
        {
            await AnswerAsync();
            return Store(partition, id, body);
        }

        Task former;
        var done = NewSource();
        lock (_lock)
            (former, _republished) = (_republished, done.Task);
        try
        {
            await former;
            await AnswerAsync();
            return Store(partition, id, body);
        }
        finally
        {
            done.SetResult();
        }
    }

    public async ValueTask TrimAsync(int stream, ulong before, CancellationToken cancellationToken)
    {
        await AnswerAsync();
        lock (_lock)
        {
            Of(stream).RemoveAll(message => message.Sequence < before);
            _first[stream] = before;
        }
    }

    private ulong Store(int partition, string id, ReadOnlyMemory<byte> body)
    {
        var stream = StreamOf(partition);
        ulong sequence;
        lock (_lock)
        {
            if (Of(stream).FirstOrDefault(message => message.Id == id) is { Sequence: > 0 } known)
                return known.Sequence;
            if (MaxBytes > 0 && Of(stream).Sum(message => (long)message.Body.Length) + body.Length > MaxBytes)
                throw new SharedLogException("The log is full.", isFull: true);
            sequence = _last[stream] = _last.GetValueOrDefault(stream) + 1;
            Of(stream).Add(new Message(sequence, partition, id, body, ++_stored));
            Trace?.Invoke($"stored {partition} {sequence} {id} {LogMessage.TryRead(body)}");
        }

        Signal();
        return sequence;
    }

    private SharedLogEntry? FindNext(int partition, ulong from)
    {
        lock (_lock)
        {
            var found = Of(StreamOf(partition))
                .FirstOrDefault(message => message.Partition == partition && message.Sequence >= from);
            return found.Sequence == 0 ? null : new SharedLogEntry(found.Sequence, found.Body, found.StoredAt);
        }
    }

    private async ValueTask AnswerAsync()
    {
        await Task.Yield();
        if (IsAway)
            throw new SharedLogException("The log is away.");
    }

    private List<Message> Of(int stream) =>
        _messages.TryGetValue(stream, out var messages) ? messages : _messages[stream] = [];

    private void Signal()
    {
        lock (_lock)
        {
            _changed.TrySetResult();
            _changed = NewSource();
        }
    }

    private static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private readonly record struct Message(ulong Sequence, int Partition, string Id, ReadOnlyMemory<byte> Body, long StoredAt);
}
