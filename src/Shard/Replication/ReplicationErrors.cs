using Rag.Engine;

namespace Rag.Shard.Replication;

/// <summary>What callers of a write are told; each tells when to try again.</summary>
internal static class ReplicationErrors
{
    private static readonly TimeSpan RetrySoon = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan RetryFull = TimeSpan.FromSeconds(10);

    public static StoreException Stopping() => new(
        StoreErrorKind.Unavailable, "The shard is stopping; try again elsewhere.", retryAfter: RetrySoon);

    public static StoreException NotHeld(int partition) => new(
        StoreErrorKind.Unavailable, $"This shard holds no replica of partition {partition}; try again elsewhere.",
        retryAfter: RetrySoon);

    public static StoreException TooMany() => new(
        StoreErrorKind.ResourceExhausted, "Too many writes wait for the mutation log; try again later.",
        retryAfter: RetrySoon);

    public static StoreException Full(Exception cause) => new(
        StoreErrorKind.ResourceExhausted,
        "The mutation log is full until all replicas have snapshots; try again later.", cause, RetryFull);

    public static StoreException TimedOut(int partition) => new(
        StoreErrorKind.Unavailable,
        $"The mutation log of partition {partition} took no writes in time; try again with the same request id.",
        retryAfter: RetrySoon);
}
