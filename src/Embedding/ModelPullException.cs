namespace Rag.Embedding;

/// <summary>
/// A model could not be fetched; the message says what to do. What is here already is kept for the next try.
/// </summary>
public sealed class ModelPullException : Exception
{
    /// <summary>Creates one with a sentence for the operator.</summary>
    public ModelPullException(string message)
        : base(message)
    {
    }

    /// <summary>Creates one with a sentence for the operator and what caused it.</summary>
    public ModelPullException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
