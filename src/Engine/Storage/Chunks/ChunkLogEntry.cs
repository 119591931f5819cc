namespace Rag.Engine.Storage;

/// <summary>A record that a scan of the chunk log found.</summary>
/// <param name="Address">Its address.</param>
/// <param name="Slice">Whose it is.</param>
/// <param name="Bytes">Bytes that it takes in the log.</param>
internal readonly record struct ChunkLogEntry(long Address, SliceId Slice, int Bytes);
