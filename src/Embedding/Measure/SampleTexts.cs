using Rag.Tokenization;

namespace Rag.Embedding.Measure;

/// <summary>Texts of an exact number of tokens, made of the model's own whole words; always the same.</summary>
internal static class SampleTexts
{
    /// <summary>Makes texts.</summary>
    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <param name="count">How many.</param>
    /// <param name="tokens">Tokens in each, [CLS] and [SEP] included.</param>
    public static string[] Make(ITokenizer tokenizer, int count, int tokens)
    {
        var words = Enumerable.Range(0, tokenizer.VocabularySize)
            .Select(id => Word(tokenizer, id))
            .OfType<string>()
            .Take(8000)
            .ToArray();
        if (words.Length == 0)
            throw new ModelFormatException("The vocabulary has no whole words to measure with.");
        var random = new Random(384);
        return [.. Enumerable.Range(0, count).Select(_ => string.Join(
            ' ', Enumerable.Range(0, tokens - 2).Select(_ => words[random.Next(words.Length)])))];
    }

    private static string? Word(ITokenizer tokenizer, int id)
    {
        string token;
        try
        {
            token = tokenizer.TokenOf(id);
        }
        catch (ArgumentOutOfRangeException)
        {
            return null; // An id that no token has.
        }

        return token.Length >= 3 && token.All(char.IsAsciiLetterLower) && tokenizer.CountTokens(token) == 1 ? token : null;
    }
}
