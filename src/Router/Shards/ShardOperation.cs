using Rag.Internal.V1;

namespace Rag.Router.Shards;

/// <summary>One kind of call to shards: made once, kept in a static field.</summary>
/// <param name="Name">For metrics and for what is known of its latency.</param>
/// <param name="Kind">What may be done when it is slow or fails.</param>
/// <param name="Start">Starts one call. A static lambda with a state, so that a call allocates no closure.</param>
internal sealed record ShardOperation<TState, TResponse>(
    string Name, OperationKind Kind, ShardMethod<TState, TResponse> Start)
{
    /// <summary>The positions that an answer tells its shard to be at; null where it tells none.</summary>
    public Func<TResponse, IReadOnlyList<Stamp>>? PositionsOf { get; init; }

    /// <summary>The positions that a request waits for; null where it waits for none.</summary>
    public Func<TState, Stamp[]>? WantedBy { get; init; }
}

/// <summary>What may be done with a call that is slow or fails.</summary>
internal enum OperationKind
{
    /// <summary>A short read: repeated, and sent to a second replica when the first is slow.</summary>
    ShortRead,

    /// <summary>A read that may be long: repeated, not doubled.</summary>
    Read,

    /// <summary>Repeated under the same mutation id, by which shards apply it once.</summary>
    Write,
}
