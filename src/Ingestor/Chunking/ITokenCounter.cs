namespace Rag.Ingestor.Chunking;

/// <summary>
/// Counts tokens as a model does. Thread-safe. Counts of parts that are divided at white space add up.
/// </summary>
public interface ITokenCounter
{
    /// <summary>Tokens of the text alone, without those that open and close a model's input.</summary>
    int Count(ReadOnlySpan<char> text);
}
