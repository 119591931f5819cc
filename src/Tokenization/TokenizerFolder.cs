using Rag.Tokenization.Bert;

namespace Rag.Tokenization;

/// <summary>Loads the tokenizer of a model folder in Hugging Face's layout.</summary>
public static class TokenizerFolder
{
    /// <summary>
    /// Reads tokenizer.json, or else vocab.txt with tokenizer_config.json and special_tokens_map.json beside it.
    /// Truncation and padding that tokenizer.json asks for are ignored: they belong to whoever batches.
    /// </summary>
    /// <exception cref="TokenizerFormatException">
    /// No such files, malformed ones, or a tokenizer other than BERT's WordPiece.
    /// </exception>
    public static ITokenizer Load(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        var json = Path.Combine(folder, "tokenizer.json");
        if (File.Exists(json))
            return new WordPieceTokenizer(TokenizerJson.Read(json));
        var vocabulary = Path.Combine(folder, "vocab.txt");
        if (File.Exists(vocabulary))
            return new WordPieceTokenizer(VocabularyText.Read(vocabulary));
        throw new TokenizerFormatException(
            $"'{folder}' has neither tokenizer.json nor vocab.txt; a model needs one of them beside its config.json.");
    }
}
