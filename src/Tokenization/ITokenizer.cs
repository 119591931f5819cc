namespace Rag.Tokenization;

/// <summary>
/// Turns text into the token ids of a model, exactly as the model's own tokenizer does. Safe for concurrent use; no
/// call allocates once the caller's <see cref="TokenBuffer"/> has grown to its texts.
/// </summary>
/// <remarks>
/// Text is UTF-16 or UTF-8. Lone surrogates and invalid UTF-8 count as U+FFFD, one per ill-formed sequence, which the
/// usual models drop. Offsets and positions are in the units of the span that was passed: chars or bytes.
/// </remarks>
public interface ITokenizer
{
    /// <summary>Number of ids; every id is below it.</summary>
    int VocabularySize { get; }

    /// <summary>The id that opens a whole input ([CLS]).</summary>
    int ClassifyId { get; }

    /// <summary>The id that closes a whole input ([SEP]).</summary>
    int SeparatorId { get; }

    /// <summary>The id that fills a batch's shorter rows ([PAD]).</summary>
    int PaddingId { get; }

    /// <summary>The id of what the vocabulary cannot spell ([UNK]).</summary>
    int UnknownId { get; }

    /// <summary>Number of tokens in <paramref name="text"/>, without the ids that open and close a whole input.</summary>
    int CountTokens(ReadOnlySpan<char> text);

    /// <summary>Number of tokens in UTF-8 text, without the ids that open and close a whole input.</summary>
    int CountTokens(ReadOnlySpan<byte> utf8);

    /// <summary>
    /// Replaces the content of <paramref name="tokens"/> by the tokens of <paramref name="text"/>, at most
    /// <paramref name="maxTokens"/> of them, without opening and closing ids.
    /// </summary>
    /// <returns>Number of tokens written.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="maxTokens"/> is negative.</exception>
    int Encode(ReadOnlySpan<char> text, TokenBuffer tokens, int maxTokens = int.MaxValue);

    /// <inheritdoc cref="Encode(ReadOnlySpan{char}, TokenBuffer, int)"/>
    int Encode(ReadOnlySpan<byte> utf8, TokenBuffer tokens, int maxTokens = int.MaxValue);

    /// <summary>
    /// Replaces the content of <paramref name="tokens"/> by a whole model input: the opening id, the text's tokens, the
    /// closing id; at most <paramref name="maxTokens"/> in all, the closing id always last. Opening and closing ids have
    /// the empty offsets (0, 0).
    /// </summary>
    /// <returns>Number of tokens written, at least 2.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="maxTokens"/> is below 2.</exception>
    int EncodeWhole(ReadOnlySpan<char> text, TokenBuffer tokens, int maxTokens = int.MaxValue);

    /// <inheritdoc cref="EncodeWhole(ReadOnlySpan{char}, TokenBuffer, int)"/>
    int EncodeWhole(ReadOnlySpan<byte> utf8, TokenBuffer tokens, int maxTokens = int.MaxValue);

    /// <summary>The vocabulary's entry for an id, such as "##ing".</summary>
    /// <exception cref="ArgumentOutOfRangeException">No token has the id.</exception>
    string TokenOf(int id);
}
