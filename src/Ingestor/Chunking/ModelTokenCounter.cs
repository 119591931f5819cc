using Rag.Tokenization;

namespace Rag.Ingestor.Chunking;

/// <summary>Counts with the tokenizer of the model that will embed the chunks. Thread-safe.</summary>
public sealed class ModelTokenCounter(ITokenizer tokenizer) : ITokenCounter
{
    /// <inheritdoc/>
    public int Count(ReadOnlySpan<char> text) => tokenizer.CountTokens(text);
}
