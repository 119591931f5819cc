using Microsoft.Extensions.Logging.Abstractions;
using Rag.Testing;

namespace Rag.Embedding.Tests;

/// <summary>The default model of the repository, and copies of it with other parts.</summary>
internal static class ModelPaths
{
    public static string Default { get; } = Path.Combine(RepositoryRoot.Path, "models", "all-MiniLM-L6-v2");

    public static Embedder LoadDefault(Func<EmbedderOptions, EmbedderOptions>? configure = null)
    {
        var options = new EmbedderOptions { ModelFolder = Default, ExecutionProvider = ExecutionProvider.Cpu };
        return Embedder.Load(configure?.Invoke(options) ?? options, NullLoggerFactory.Instance);
    }

    /// <summary>Copies the small files and the tokenizer, with another graph as model.onnx.</summary>
    public static void CopyWithGraph(string folder, string? graph)
    {
        foreach (var file in Directory.EnumerateFiles(Default, "*", SearchOption.AllDirectories))
        {
            if (Path.GetExtension(file) is ".onnx" or ".safetensors")
                continue;
            var target = Path.Combine(folder, Path.GetRelativePath(Default, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }

        if (graph is not null)
            File.CreateSymbolicLink(Path.Combine(folder, "model.onnx"), graph);
    }

    /// <summary>Encodes passages into an array each.</summary>
    public static async Task<float[][]> PassagesAsync(
        this IEmbedder embedder, IReadOnlyList<string> texts, EncoderKind encoder,
        CancellationToken cancellationToken = default)
    {
        var vectors = new float[texts.Count * embedder.Model.Dimension];
        await embedder.EncodePassagesAsync(texts, encoder, vectors, cancellationToken);
        return [.. vectors.Chunk(embedder.Model.Dimension)];
    }
}
