namespace Rag.Shard.Replication;

/// <summary>Where the epochs of partitions stand for all replicas. It may lose its newest entries. Thread-safe.</summary>
internal interface IEpochStore
{
    /// <exception cref="SharedLogException">The store does not answer.</exception>
    ValueTask<EpochEntry> ReadAsync(int partition, CancellationToken cancellationToken);

    /// <summary>Puts a history in place of the one that was read; false if another writer was faster.</summary>
    /// <exception cref="SharedLogException">It may have been stored or not.</exception>
    ValueTask<bool> TryWriteAsync(
        int partition, EpochEntry former, EpochHistory history, CancellationToken cancellationToken);
}

/// <summary>A partition's history, with the version that it was read at; 0 where there is none.</summary>
internal sealed record EpochEntry(EpochHistory History, ulong Version);
