using System.Text.Json;

namespace Rag.Tokenization.Bert;

/// <summary>
/// Reads vocab.txt, a token a line, with what tokenizer_config.json and special_tokens_map.json beside it say.
/// </summary>
internal static class VocabularyText
{
    public static WordPieceDefinition Read(string path)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        var config = ReadObject(Path.Combine(folder, "tokenizer_config.json"));
        var special = ReadObject(Path.Combine(folder, "special_tokens_map.json"));
        RequireBert(config, path);

        string?[] vocabulary = [.. File.ReadLines(path).Select(line => line.TrimEnd('\r'))];
        var ids = new Dictionary<string, int>(vocabulary.Length, StringComparer.Ordinal);
        for (var id = 0; id < vocabulary.Length; id++)
            ids[vocabulary[id]!] = id;

        var lowercase = Flag(config, "do_lower_case") ?? true;
        var names = new[] { "unk_token", "sep_token", "pad_token", "cls_token", "mask_token" };
        var tokens = names.ToDictionary(name => name, name => Token(special, name) ?? Token(config, name) ?? Usual(name));
        return new WordPieceDefinition
        {
            Vocabulary = vocabulary,
            ContinuingPrefix = "##",
            UnknownId = IdOf(tokens["unk_token"]),
            ClassifyId = IdOf(tokens["cls_token"]),
            SeparatorId = IdOf(tokens["sep_token"]),
            PaddingId = ids.GetValueOrDefault(tokens["pad_token"]),
            MaxWordCharacters = 100,
            Normalization = new BertNormalization
            {
                IsolateIdeographs = Flag(config, "tokenize_chinese_chars") ?? true,
                StripAccents = Flag(config, "strip_accents") ?? lowercase,
                Lowercase = lowercase,
            },
            AddedTokens =
            [
                .. tokens.Values.Where(ids.ContainsKey).Distinct(StringComparer.Ordinal)
                    .Select(token => new AddedToken(token, ids[token], false, false, false)),
            ],
        };

        int IdOf(string token) => ids.TryGetValue(token, out var id)
            ? id
            : throw new TokenizerFormatException($"'{path}': '{token}' is needed but not in the vocabulary.");
    }

    private static string Usual(string name) => name switch
    {
        "unk_token" => "[UNK]",
        "sep_token" => "[SEP]",
        "pad_token" => "[PAD]",
        "cls_token" => "[CLS]",
        _ => "[MASK]",
    };

    private static void RequireBert(JsonElement? config, string path)
    {
        // vocab.txt alone does not say what it is for; the class name does.
        if (config is { } element && element.TryGetProperty("tokenizer_class", out var name)
            && name.ValueKind == JsonValueKind.String && name.GetString() is { } type
            && type is not ("BertTokenizer" or "BertTokenizerFast" or "DistilBertTokenizer"
                or "DistilBertTokenizerFast" or "ElectraTokenizer" or "ElectraTokenizerFast"))
        {
            throw new TokenizerFormatException(
                $"tokenizer_config.json beside '{path}' names '{type}'; only BertTokenizer (WordPiece) is supported.");
        }
    }

    private static JsonElement? ReadObject(string path)
    {
        if (!File.Exists(path))
            return null;
        try
        {
            using var stream = File.OpenRead(path);
            using var document = JsonDocument.Parse(stream);
            return document.RootElement.ValueKind == JsonValueKind.Object ? document.RootElement.Clone() : null;
        }
        catch (JsonException error)
        {
            throw new TokenizerFormatException($"'{path}' is not valid JSON: {error.Message}", error);
        }
    }

    /// <summary>A special token stands as a string, or as an object with its content.</summary>
    private static string? Token(JsonElement? holder, string name)
    {
        if (holder is not { } element || !element.TryGetProperty(name, out var value))
            return null;
        if (value.ValueKind == JsonValueKind.Object && value.TryGetProperty("content", out var content))
            value = content;
        return value.ValueKind == JsonValueKind.String ? value.GetString() : null;
    }

    private static bool? Flag(JsonElement? holder, string name) =>
        holder is { } element && element.TryGetProperty(name, out var value)
            && value.ValueKind is JsonValueKind.True or JsonValueKind.False
            ? value.GetBoolean()
            : null;
}
