using Rag.Engine.Storage;

namespace Rag.Engine;

/// <summary>
/// Decides in which order the mutations of a partition come, where several shards hold replicas of it. Without one the
/// store's own log gives out the places.
/// <code>
/// a write ── ShardStore ── OrderAsync ──► order, shared by all replicas ──► ShardStore.ApplyAsync on each of them
///                 ▲                                                              │ durable, applied
///                 └──────────────── OrderAsync ends, the outcome is told ◄───────┘
/// </code>
/// </summary>
public interface IMutationOrder
{
    /// <summary>
    /// Gives a mutation its place. Ends when this store's <see cref="ShardStore.ApplyAsync"/> has applied it; after a
    /// failure it may have been applied or not, and may be sent again with the same id.
    /// </summary>
    /// <param name="slice">The slice that it changes.</param>
    /// <param name="kind">What the payload is.</param>
    /// <param name="mutationId">Made once and kept by retries.</param>
    /// <param name="payload">Encoded by the codec; it does not change any more.</param>
    /// <exception cref="StoreException">Unavailable or ResourceExhausted, with a time after which to try again.</exception>
    Task OrderAsync(
        SliceId slice, byte kind, Guid mutationId, ReadOnlyMemory<byte> payload, CancellationToken cancellationToken);
}
