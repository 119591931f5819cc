using System.Text.Json;

namespace Rag.Embedding.Models;

/// <summary>Reads what a model folder in Hugging Face's layout says about itself, and checks it.</summary>
internal static class ModelFolder
{
    // Where exporters put the graph with full weights, and the quantised one.
    private static readonly string[] FullGraphs = ["onnx/model.onnx", "model.onnx"];

    private static readonly string[] QuantizedGraphs =
    [
        "onnx/model_int8.onnx", "model_int8.onnx", "onnx/model_quantized.onnx", "model_quantized.onnx",
        "onnx/model_qint8_avx512_vnni.onnx", "onnx/model_quint8_avx2.onnx", "onnx/model_qint8_arm64.onnx",
    ];

    /// <summary>Whether a folder looks like a model: the catalog lists only such.</summary>
    public static bool LooksLikeModel(string folder) =>
        File.Exists(Path.Combine(folder, "config.json"))
        && (FullGraphs.Concat(QuantizedGraphs).Any(graph => File.Exists(Path.Combine(folder, graph)))
            || File.Exists(Path.Combine(folder, "lookup.safetensors")));

    /// <summary>Reads a folder.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="name">Name to report; null takes the folder's.</param>
    /// <exception cref="ModelFormatException">Files are missing or say what is not supported.</exception>
    public static ModelInfo Read(string folder, string? name = null)
    {
        folder = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        if (!Directory.Exists(folder))
            throw new ModelFormatException($"Model folder '{folder}' does not exist.");
        var config = JsonFile.Read(Path.Combine(folder, "config.json"))
            ?? throw new ModelFormatException($"'{folder}' has no config.json; a model folder needs one.");
        var full = Find(folder, FullGraphs);
        var quantized = Find(folder, QuantizedGraphs);
        var lookup = Find(folder, ["lookup.safetensors"]);
        if (full is null && quantized is null && lookup is null)
        {
            throw new ModelFormatException(
                $"'{folder}' has no graph: onnx/model.onnx, model.onnx, onnx/model_int8.onnx or "
                + "onnx/model_quantized.onnx is needed, or lookup.safetensors.");
        }

        if (Find(folder, ["tokenizer.json", "vocab.txt"]) is null)
            throw new ModelFormatException($"'{folder}' has neither tokenizer.json nor vocab.txt; a model needs one.");
        var pooling = JsonFile.Read(Path.Combine(folder, "1_Pooling", "config.json"));
        var (queryPrefix, passagePrefix) = ReadPrefixes(folder);
        return new ModelInfo
        {
            Name = name ?? Path.GetFileName(folder),
            Folder = folder,
            Dimension = ReadDimension(config, pooling, folder),
            MaxTokens = ReadMaxTokens(config, folder),
            Licence = LicenceFile.Read(folder),
            Pooling = ReadPooling(pooling, folder),
            Normalize = ReadModules(folder),
            QueryPrefix = queryPrefix,
            PassagePrefix = passagePrefix,
            FullGraph = full,
            QuantizedGraph = quantized,
            LookupTable = lookup,
            ReadsPairs = ClassifiesSequences(config),
            Bytes = new DirectoryInfo(folder).EnumerateFiles("*", SearchOption.AllDirectories).Sum(file => file.Length),
        };
    }

    private static string? Find(string folder, IEnumerable<string> candidates) =>
        candidates.Select(candidate => Path.Combine(folder, candidate)).FirstOrDefault(File.Exists);

    // What exporters write for models that answer with logits and not with vectors.
    private static bool ClassifiesSequences(JsonElement config) =>
        config.ValueKind == JsonValueKind.Object
        && config.TryGetProperty("architectures", out var names) && names.ValueKind == JsonValueKind.Array
        && names.EnumerateArray().Any(name => name.ValueKind == JsonValueKind.String
            && name.GetString()!.EndsWith("ForSequenceClassification", StringComparison.Ordinal));

    private static int ReadDimension(JsonElement config, JsonElement? pooling, string folder)
    {
        var dimension = JsonFile.Integer(pooling, "word_embedding_dimension") ?? JsonFile.Integer(config, "hidden_size")
            ?? JsonFile.Integer(config, "dim");
        return dimension is > 0 and <= 65_536
            ? (int)dimension
            : throw new ModelFormatException(
                $"'{folder}': config.json has no usable hidden_size (1 to 65,536), which is the vectors' dimension.");
    }

    private static int ReadMaxTokens(JsonElement config, string folder)
    {
        var positions = JsonFile.Integer(config, "max_position_embeddings") ?? 512;
        // tokenizer_config.json writes "no limit" as a number beyond every position.
        var limit = JsonFile.Integer(JsonFile.Read(Path.Combine(folder, "sentence_bert_config.json")), "max_seq_length")
            ?? JsonFile.Integer(JsonFile.Read(Path.Combine(folder, "tokenizer_config.json")), "model_max_length")
            ?? positions;
        var max = Math.Min(limit, positions);
        return max is >= 3 and <= 65_536
            ? (int)max
            : throw new ModelFormatException($"'{folder}': a longest input of {max} tokens cannot be; 3 to 65,536 can.");
    }

    private static PoolingMode ReadPooling(JsonElement? pooling, string folder)
    {
        if (pooling is not { } config)
            return PoolingMode.Mean;
        var modes = config.EnumerateObject()
            .Where(entry => entry.Name.StartsWith("pooling_mode_", StringComparison.Ordinal)
                && entry.Value.ValueKind == JsonValueKind.True)
            .Select(entry => entry.Name)
            .ToList();
        // Newer files name the mode instead: "pooling_mode": "mean".
        if (modes.Count == 0 && JsonFile.Text(config, "pooling_mode") is { } mode)
            modes.Add(mode switch { "mean" => "pooling_mode_mean_tokens", "cls" => "pooling_mode_cls_token", _ => mode });
        return modes switch
        {
            ["pooling_mode_mean_tokens"] => PoolingMode.Mean,
            ["pooling_mode_cls_token"] => PoolingMode.Classify,
            _ => throw new ModelFormatException(
                $"'{folder}': 1_Pooling/config.json asks for "
                + $"{(modes.Count == 0 ? "no pooling" : string.Join(" and ", modes))}; "
                + "pooling_mode_mean_tokens or pooling_mode_cls_token, one of them, is supported."),
        };
    }

    /// <summary>Whether vectors are normalised, which modules.json says by its last module.</summary>
    private static bool ReadModules(string folder)
    {
        if (JsonFile.Read(Path.Combine(folder, "modules.json")) is not { ValueKind: JsonValueKind.Array } modules)
            return true;
        var normalize = false;
        foreach (var module in modules.EnumerateArray())
        {
            var type = JsonFile.Text(module, "type") ?? "";
            switch (type[(type.LastIndexOf('.') + 1)..])
            {
                case "Transformer" or "Pooling":
                    break;
                case "Normalize":
                    normalize = true;
                    break;
                default:
                    throw new ModelFormatException(
                        $"'{folder}': modules.json has a module '{type}'; Transformer, Pooling and Normalize are "
                        + "supported.");
            }
        }

        return normalize;
    }

    private static (string Query, string Passage) ReadPrefixes(string folder)
    {
        var path = Path.Combine(folder, "config_sentence_transformers.json");
        if (JsonFile.Read(path) is not { ValueKind: JsonValueKind.Object } config
            || !config.TryGetProperty("prompts", out var prompts) || prompts.ValueKind != JsonValueKind.Object)
            return ("", "");
        return (JsonFile.Text(prompts, "query") ?? "",
            JsonFile.Text(prompts, "passage") ?? JsonFile.Text(prompts, "document") ?? "");
    }
}
