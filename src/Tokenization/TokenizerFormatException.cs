namespace Rag.Tokenization;

/// <summary>
/// A tokenizer's files are missing, malformed, or ask for something that is not supported; the message names the file
/// and what to do.
/// </summary>
public sealed class TokenizerFormatException : Exception
{
    /// <summary>Creates one with a sentence for the operator.</summary>
    public TokenizerFormatException(string message)
        : base(message)
    {
    }

    /// <summary>Creates one with a sentence for the operator and what caused it.</summary>
    public TokenizerFormatException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
