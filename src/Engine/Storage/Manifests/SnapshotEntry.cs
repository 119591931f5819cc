namespace Rag.Engine.Storage;

/// <summary>A slice's current snapshot.</summary>
/// <param name="Slice">The slice.</param>
/// <param name="Epoch">Epoch of the sequence.</param>
/// <param name="Sequence">Last sequence of the partition that is in the snapshot.</param>
/// <param name="Generation">Generation in the file's name.</param>
/// <param name="Bytes">Length of the file.</param>
internal readonly record struct SnapshotEntry(
    SliceId Slice, uint Epoch, ulong Sequence, ulong Generation, long Bytes);
