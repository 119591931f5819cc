using Rag.Engine.Storage;

namespace Rag.Engine;

/// <summary>A mutation with its place in a partition's order.</summary>
/// <param name="Slice">The slice that it changes.</param>
/// <param name="Stamp">Its place, above that of every mutation of the partition before it.</param>
/// <param name="Kind">What the payload is.</param>
/// <param name="MutationId">Made once and kept by retries: applied once, whatever comes.</param>
/// <param name="Payload">Encoded by the codec.</param>
/// <param name="Origin">
/// None for most. Where a replica that was away brings a mutation later than its place: that place. It then changes only
/// what has no higher version, deleted things included, and gives its own version to what it changes.
/// </param>
public readonly record struct OrderedMutation(
    SliceId Slice, WriteStamp Stamp, byte Kind, Guid MutationId, ReadOnlyMemory<byte> Payload, WriteStamp Origin = default);
