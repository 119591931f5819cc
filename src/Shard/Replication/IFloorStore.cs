namespace Rag.Shard.Replication;

/// <summary>Where shards say what they need of the streams no more. What it loses makes others wait. Thread-safe.</summary>
internal interface IFloorStore
{
    /// <exception cref="SharedLogException">The store does not answer.</exception>
    ValueTask ReportAsync(string shard, int stream, FloorReport report, CancellationToken cancellationToken);

    /// <summary>A shard's last report; null if there is none.</summary>
    /// <exception cref="SharedLogException">The store does not answer.</exception>
    ValueTask<FloorReport?> FindAsync(string shard, int stream, CancellationToken cancellationToken);
}

/// <param name="Sequence">Everything of the shard's partitions up to this sequence of the stream is in its
/// snapshots.</param>
/// <param name="AtUnixMs">When it was reported.</param>
/// <param name="Stamps">The same by partition, as places: epoch and sequence.</param>
internal sealed record FloorReport(
    ulong Sequence, long AtUnixMs, IReadOnlyDictionary<int, ReportedStamp> Stamps);

internal readonly record struct ReportedStamp(uint Epoch, ulong Sequence);
