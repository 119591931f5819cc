namespace Rag.Engine;

/// <summary>What stands around a chunk in its document, in the order of chunk ids.</summary>
/// <param name="Before">The chunks just before it.</param>
/// <param name="After">The chunks just behind it.</param>
public sealed record ChunkNeighbours(IReadOnlyList<StoredChunk> Before, IReadOnlyList<StoredChunk> After);
