namespace Rag.Embedding;

/// <summary>
/// A model's files are missing, malformed, or ask for something that is not supported; the message names the file and
/// what to do.
/// </summary>
public sealed class ModelFormatException : Exception
{
    /// <summary>Creates one with a sentence for the operator.</summary>
    public ModelFormatException(string message)
        : base(message)
    {
    }

    /// <summary>Creates one with a sentence for the operator and what caused it.</summary>
    public ModelFormatException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
