using Rag.V1;

namespace Rag.Router.Chunks;

/// <summary>What decides where a chunk goes.</summary>
internal static class ChunkPlacement
{
    /// <summary>The document a chunk belongs to: by default it is its own.</summary>
    public static string DocumentOf(Chunk chunk) => chunk.DocumentId.Length > 0 ? chunk.DocumentId : chunk.ChunkId;

    /// <inheritdoc cref="DocumentOf(Chunk)"/>
    public static string DocumentOf(ChunkKey key) => key.DocumentId.Length > 0 ? key.DocumentId : key.ChunkId;
}
