namespace Rag.Engine.Storage;

/// <summary>A mutation to be appended.</summary>
/// <param name="Slice">The slice that it changes.</param>
/// <param name="Epoch">Epoch of the partition's sequences.</param>
/// <param name="Kind">What the payload is; the log does not look at it.</param>
/// <param name="MutationId">Made once and kept by retries.</param>
/// <param name="Payload">At most <see cref="MutationLogOptions.MaxPayloadBytes"/>. Must not change until the append
/// has ended.</param>
/// <param name="Sequence">Its sequence, where it was ordered elsewhere; 0: the log gives it the next one.</param>
internal readonly record struct LogRecord(
    SliceId Slice, uint Epoch, byte Kind, Guid MutationId, ReadOnlyMemory<byte> Payload, ulong Sequence = 0);
