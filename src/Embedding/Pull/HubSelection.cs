using System.Runtime.InteropServices;

namespace Rag.Embedding.Pull;

/// <summary>
/// Which of a repository's files make a model here. Only these names are ever written, so a hub cannot place a file
/// elsewhere.
/// </summary>
internal static class HubSelection
{
    private static readonly string[] Small =
    [
        "config.json", "tokenizer.json", "vocab.txt", "tokenizer_config.json", "special_tokens_map.json", "modules.json",
        "sentence_bert_config.json", "config_sentence_transformers.json", "1_Pooling/config.json", "README.md", "LICENSE",
        "LICENSE.txt", "LICENSE.md", "lookup.safetensors",
    ];

    private static readonly string[] FullGraphs = ["onnx/model.onnx", "model.onnx"];

    private static readonly string[] QuantizedX64 =
    [
        "onnx/model_int8.onnx", "model_int8.onnx", "onnx/model_quantized.onnx", "model_quantized.onnx",
        "onnx/model_qint8_avx512_vnni.onnx", "onnx/model_quint8_avx2.onnx",
    ];

    private static readonly string[] QuantizedArm64 =
    [
        "onnx/model_int8.onnx", "model_int8.onnx", "onnx/model_quantized.onnx", "model_quantized.onnx",
        "onnx/model_qint8_arm64.onnx",
    ];

    /// <summary>Chooses; the graphs come last, so that other files fail before the long transfers.</summary>
    /// <exception cref="ModelPullException">Something that a model needs is not there.</exception>
    public static IReadOnlyList<HubFile> Choose(string id, IReadOnlyDictionary<string, HubFile> offered)
    {
        var chosen = Small.Where(offered.ContainsKey).ToList();
        if (!chosen.Contains("config.json") || !(chosen.Contains("tokenizer.json") || chosen.Contains("vocab.txt")))
        {
            throw new ModelPullException(
                $"'{id}' has no config.json with tokenizer.json or vocab.txt beside it; it is no encoder in this layout.");
        }

        var quantized = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? QuantizedArm64 : QuantizedX64;
        var graphs = new[] { FullGraphs, quantized }
            .Select(names => names.FirstOrDefault(offered.ContainsKey))
            .OfType<string>()
            .ToList();
        if (graphs.Count == 0)
        {
            throw new ModelPullException(
                $"'{id}' has no ONNX graph (onnx/model.onnx or model.onnx). Export it to ONNX, or choose a model "
                + "that has one.");
        }

        // Graphs of more than 2 GB keep their weights in a file beside them.
        var data = graphs.SelectMany(graph => new[] { graph + "_data", graph + ".data" }).Where(offered.ContainsKey);
        return [.. chosen.Concat(data).Concat(graphs).Select(name => offered[name])];
    }
}
