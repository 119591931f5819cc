using Rag.Engine.Filters;

namespace Rag.Engine;

/// <summary>Which chunks to delete: by key, by document, or by filter.</summary>
public abstract record ChunkSelection
{
    private protected ChunkSelection()
    {
    }

    /// <summary>These chunks, each with a precondition of its own; at most 1,000.</summary>
    public sealed record ByKey(IReadOnlyList<ChunkDeletion> Chunks) : ChunkSelection;

    /// <summary>All chunks of these documents, staged generations included; at most 1,000.</summary>
    public sealed record ByDocument(IReadOnlyList<string> DocumentIds) : ChunkSelection;

    /// <summary>Every visible chunk that the filter accepts when the delete is applied.</summary>
    public sealed record ByFilter(FilterExpression Filter) : ChunkSelection;
}

/// <summary>One chunk to be deleted.</summary>
/// <param name="Key">Key of the chunk.</param>
/// <param name="Precondition">None or IfVersion.</param>
public readonly record struct ChunkDeletion(ChunkKey Key, Precondition Precondition = default);
