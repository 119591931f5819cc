using Rag.Shard.Replication;

namespace Rag.Shard.Tests.Replication;

/// <summary>Epochs in memory, which lose their newest entries on demand.</summary>
internal sealed class FakeEpochs : IEpochStore
{
    private readonly Lock _lock = new();
    private readonly List<(int Partition, EpochHistory History)> _entries = [];

    public int Count
    {
        get
        {
            lock (_lock)
                return _entries.Count;
        }
    }

    public void LoseTail(int keep)
    {
        lock (_lock)
            _entries.RemoveRange(Math.Min(keep, _entries.Count), _entries.Count - Math.Min(keep, _entries.Count));
    }

    public ValueTask<EpochEntry> ReadAsync(int partition, CancellationToken cancellationToken)
    {
        lock (_lock)
            return ValueTask.FromResult(Read(partition));
    }

    public ValueTask<bool> TryWriteAsync(
        int partition, EpochEntry former, EpochHistory history, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (Read(partition).Version != former.Version)
                return ValueTask.FromResult(false);
            _entries.Add((partition, history));
            return ValueTask.FromResult(true);
        }
    }

    private EpochEntry Read(int partition)
    {
        var at = _entries.FindLastIndex(entry => entry.Partition == partition);
        return at < 0 ? new EpochEntry(EpochHistory.Empty, 0) : new EpochEntry(_entries[at].History, (ulong)at + 1);
    }
}
