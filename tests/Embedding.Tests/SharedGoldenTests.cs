using System.Numerics.Tensors;
using Microsoft.Extensions.Logging.Abstractions;
using Rag.Testing;
using Rag.Tokenization;

namespace Rag.Embedding.Tests;

/// <summary>The golden vectors that came with the model, where they are.</summary>
public sealed class SharedGoldenTests
{
    private static readonly string? GoldenPath = SharedData.Locate("models", "all-MiniLM-L6-v2", "golden.jsonl");

    [Fact]
    public void Every_golden_text_has_the_published_ids()
    {
        var golden = Golden();
        var tokenizer = TokenizerFolder.Load(ModelPaths.Default);
        var tokens = new TokenBuffer();
        foreach (var text in golden)
        {
            tokenizer.EncodeWhole(text.Text, tokens);
            tokens.Ids.ToArray().ShouldBe(text.Ids, text.Text);
        }
    }

    [Fact]
    public async Task Full_weights_agree_within_a_hundred_thousandth_in_one_batch_and_alone()
    {
        var graph = SharedData.Locate("models", "all-MiniLM-L6-v2", "onnx", "model.onnx");
        Assert.SkipUnless(graph is not null, "The graph with full weights is not here.");
        var golden = Golden();
        using var folder = new TemporaryFolder();
        ModelPaths.CopyWithGraph(folder.Path, graph!);
        await using var embedder = Embedder.Load(
            new EmbedderOptions { ModelFolder = folder.Path, ExecutionProvider = ExecutionProvider.Cpu },
            NullLoggerFactory.Instance);
        var together = await embedder.PassagesAsync([.. golden.Select(text => text.Text)], EncoderKind.Full);
        for (var i = 0; i < golden.Count; i++)
        {
            MaxDifference(together[i], golden[i].Vector).ShouldBeLessThan(1e-5f, golden[i].Text);
            if (i % 8 == 0)
            {
                var alone = await embedder.EncodeQueryAsync(golden[i].Text, EncoderKind.Full, CancellationToken.None);
                MaxDifference(alone.Span, golden[i].Vector).ShouldBeLessThan(1e-5f, golden[i].Text);
            }
        }
    }

    [Fact]
    public async Task The_int8_graph_stays_close_to_full_weights()
    {
        var golden = Golden();
        await using var embedder = ModelPaths.LoadDefault();
        var vectors = await embedder.PassagesAsync([.. golden.Select(text => text.Text)], EncoderKind.Full);
        var cosines = vectors
            .Select((vector, i) => TensorPrimitives.CosineSimilarity<float>(vector, golden[i].Vector))
            .ToList();
        cosines.Min().ShouldBeGreaterThanOrEqualTo(.97f);
        cosines.Average().ShouldBeGreaterThanOrEqualTo(.99f);
    }

    [Fact]
    public async Task Lookup_vectors_agree_within_a_thousandth()
    {
        var golden = Golden();
        await using var embedder = ModelPaths.LoadDefault();
        var vectors = await embedder.PassagesAsync([.. golden.Select(text => text.Text)], EncoderKind.Lookup);
        for (var i = 0; i < golden.Count; i++)
            MaxDifference(vectors[i], golden[i].Lookup).ShouldBeLessThan(1e-3f, golden[i].Text);
    }

    private static float MaxDifference(ReadOnlySpan<float> actual, ReadOnlySpan<float> expected)
    {
        var difference = new float[actual.Length];
        TensorPrimitives.Subtract(actual, expected, difference);
        return MathF.Abs(TensorPrimitives.MaxMagnitude<float>(difference));
    }

    private static List<GoldenText> Golden()
    {
        Assert.SkipUnless(GoldenPath is not null, "The shared golden vectors are not here.");
        return GoldenText.Read(GoldenPath!);
    }
}
