namespace Rag.Engine.Storage;

/// <summary>A mutation that is on disk and has its place in the order.</summary>
/// <param name="Slice">The slice that it changes.</param>
/// <param name="Epoch">Epoch of the partition's sequences.</param>
/// <param name="Sequence">The record's place in its partition, dense from 1.</param>
/// <param name="Kind">What the payload is.</param>
/// <param name="MutationId">Made once and kept by retries.</param>
/// <param name="Payload">Valid only until the sink's Apply returns.</param>
/// <param name="Position">Where the record's group commit begins: the log may be truncated before this position as
/// soon as all records with lower positions are in snapshots. For nothing else.</param>
internal readonly record struct DurableRecord(
    SliceId Slice,
    uint Epoch,
    ulong Sequence,
    byte Kind,
    Guid MutationId,
    ReadOnlyMemory<byte> Payload,
    long Position);
