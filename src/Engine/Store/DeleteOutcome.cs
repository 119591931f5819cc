namespace Rag.Engine;

/// <summary>What became of a delete. It is durable, and no search returns what it deleted.</summary>
/// <param name="Stamp">Position of the delete.</param>
/// <param name="DeletedChunks">Number of chunks that were visible and no longer are.</param>
/// <param name="Items">For a delete by key one status for each key, in their order; else empty.</param>
public sealed record DeleteOutcome(
    WriteStamp Stamp, long DeletedChunks, IReadOnlyList<ChunkDeleteStatus> Items);

/// <summary>What became of the deletion of one key. The numbers are stored: never change them.</summary>
public enum ChunkDeleteStatus : byte
{
    Deleted = 1,
    NotFound = 2,
    PreconditionFailed = 3,
}
