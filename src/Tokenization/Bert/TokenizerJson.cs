using System.Text.Json;

namespace Rag.Tokenization.Bert;

/// <summary>Reads tokenizer.json, and says by name what in it is not BERT's WordPiece.</summary>
internal static class TokenizerJson
{
    // The largest vocabularies known have a quarter of a million entries; this only bounds what a bad file can ask for.
    private const int MaxVocabulary = 4_000_000;

    public static WordPieceDefinition Read(string path)
    {
        try
        {
            using var stream = File.OpenRead(path);
            using var document = JsonDocument.Parse(stream);
            return Read(document.RootElement, path);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or KeyNotFoundException
            or FormatException)
        {
            throw new TokenizerFormatException($"'{path}' is not a tokenizer.json: {error.Message}", error);
        }
    }

    private static WordPieceDefinition Read(JsonElement root, string path)
    {
        var model = root.GetProperty("model");
        Require(TypeOf(model), "WordPiece", "model", path);
        Require(TypeOf(root.GetProperty("pre_tokenizer")), "BertPreTokenizer", "pre_tokenizer", path);
        var normalization = ReadNormalization(root.GetProperty("normalizer"), path);
        var added = ReadAddedTokens(root, path);
        var vocabulary = ReadVocabulary(model.GetProperty("vocab"), added, path);
        var unknown = Text(model, "unk_token") ?? "[UNK]";
        var (classify, separator) = ReadTemplate(root, path);
        var maxWord = model.TryGetProperty("max_input_chars_per_word", out var max) ? max.GetInt32() : 100;
        if (maxWord is < 1 or > 10_000)
            throw new TokenizerFormatException($"'{path}': max_input_chars_per_word must be 1 to 10,000, not {maxWord}.");

        return new WordPieceDefinition
        {
            Vocabulary = vocabulary,
            ContinuingPrefix = Text(model, "continuing_subword_prefix") ?? "##",
            UnknownId = IdOf(vocabulary, unknown, path),
            ClassifyId = IdOf(vocabulary, classify, path),
            SeparatorId = IdOf(vocabulary, separator, path),
            PaddingId = ReadPadding(root, vocabulary),
            MaxWordCharacters = maxWord,
            Normalization = normalization,
            AddedTokens = added,
        };
    }

    private static BertNormalization ReadNormalization(JsonElement normalizer, string path)
    {
        Require(TypeOf(normalizer), "BertNormalizer", "normalizer", path);
        var lowercase = Flag(normalizer, "lowercase") ?? true;
        return new BertNormalization
        {
            CleanText = Flag(normalizer, "clean_text") ?? true,
            IsolateIdeographs = Flag(normalizer, "handle_chinese_chars") ?? true,
            StripAccents = Flag(normalizer, "strip_accents") ?? lowercase,
            Lowercase = lowercase,
        };
    }

    private static List<AddedToken> ReadAddedTokens(JsonElement root, string path)
    {
        var tokens = new List<AddedToken>();
        if (!root.TryGetProperty("added_tokens", out var added) || added.ValueKind != JsonValueKind.Array)
            return tokens;
        foreach (var token in added.EnumerateArray())
        {
            var content = Text(token, "content");
            if (string.IsNullOrEmpty(content))
                throw new TokenizerFormatException($"'{path}': an added token has no content.");
            var id = token.GetProperty("id").GetInt32();
            if (id is < 0 or >= MaxVocabulary)
                throw new TokenizerFormatException($"'{path}': added token '{content}' has the id {id}.");
            tokens.Add(new AddedToken(
                content, id, Flag(token, "single_word") ?? false, Flag(token, "lstrip") ?? false,
                Flag(token, "rstrip") ?? false, Flag(token, "normalized") ?? false));
        }

        return tokens;
    }

    private static string?[] ReadVocabulary(JsonElement vocab, List<AddedToken> added, string path)
    {
        if (vocab.ValueKind != JsonValueKind.Object)
            throw new TokenizerFormatException($"'{path}': model.vocab must be an object of token to id.");
        var tokens = new List<(string Token, int Id)>();
        foreach (var entry in vocab.EnumerateObject())
            tokens.Add((entry.Name, entry.Value.GetInt32()));
        if (tokens.Count == 0 || tokens.Any(token => token.Id is < 0 or >= MaxVocabulary))
            throw new TokenizerFormatException($"'{path}': model.vocab is empty or has ids out of range.");
        var vocabulary = new string?[tokens.Concat(added.Select(token => (token.Content, token.Id))).Max(t => t.Id) + 1];
        foreach (var (token, id) in tokens)
            vocabulary[id] = token;
        foreach (var token in added)
            vocabulary[token.Id] ??= token.Content;
        return vocabulary;
    }

    /// <summary>The opening and the closing token of a single text.</summary>
    private static (string Classify, string Separator) ReadTemplate(JsonElement root, string path)
    {
        if (!root.TryGetProperty("post_processor", out var processor) || processor.ValueKind == JsonValueKind.Null)
            return ("[CLS]", "[SEP]");
        switch (TypeOf(processor))
        {
            case "BertProcessing" or "RobertaProcessing":
                return (processor.GetProperty("cls")[0].GetString()!, processor.GetProperty("sep")[0].GetString()!);
            case "TemplateProcessing":
                var single = processor.GetProperty("single");
                if (single.GetArrayLength() == 3
                    && single[0].TryGetProperty("SpecialToken", out var first)
                    && single[1].TryGetProperty("Sequence", out _)
                    && single[2].TryGetProperty("SpecialToken", out var last))
                    return (first.GetProperty("id").GetString()!, last.GetProperty("id").GetString()!);
                throw new TokenizerFormatException(
                    $"'{path}': post_processor must put one token before a text and one after it.");
            default:
                throw Unsupported(
                    TypeOf(processor), "TemplateProcessing, BertProcessing or RobertaProcessing", "post_processor", path);
        }
    }

    private static int ReadPadding(JsonElement root, string?[] vocabulary)
    {
        if (root.TryGetProperty("padding", out var padding) && padding.ValueKind == JsonValueKind.Object
            && padding.TryGetProperty("pad_id", out var id) && id.TryGetInt32(out var value)
            && value >= 0 && value < vocabulary.Length)
            return value;
        return Math.Max(Math.Max(Array.IndexOf(vocabulary, "[PAD]"), Array.IndexOf(vocabulary, "<pad>")), 0);
    }

    private static int IdOf(string?[] vocabulary, string token, string path)
    {
        var id = Array.IndexOf(vocabulary, token);
        return id >= 0
            ? id
            : throw new TokenizerFormatException($"'{path}': '{token}' is needed but not in the vocabulary.");
    }

    private static string? TypeOf(JsonElement element) =>
        element.ValueKind == JsonValueKind.Object ? Text(element, "type") : null;

    private static string? Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static bool? Flag(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.True or JsonValueKind.False
            ? value.GetBoolean()
            : null;

    private static void Require(string? actual, string expected, string part, string path)
    {
        // Old files leave the model's type out; BERT's are the only ones with this shape.
        if (actual != expected && !(actual is null && part == "model"))
            throw Unsupported(actual, expected, part, path);
    }

    private static TokenizerFormatException Unsupported(string? actual, string expected, string part, string path) =>
        new($"'{path}' has {part} '{actual ?? "none"}'; only {expected} is supported (BERT's WordPiece).");
}
