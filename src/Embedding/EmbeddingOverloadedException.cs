namespace Rag.Embedding;

/// <summary>The embedding queue is full: a matter of capacity, worth another try after a while.</summary>
public sealed class EmbeddingOverloadedException : Exception
{
    /// <summary>Creates one with a sentence for the caller.</summary>
    public EmbeddingOverloadedException(string message)
        : base(message)
    {
    }
}
