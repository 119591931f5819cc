using System.Numerics.Tensors;
using Rag.Testing;
using Rag.Tokenization;

namespace Rag.Embedding.Tests;

/// <summary>
/// Our own golden texts (golden-own.jsonl), which need nothing but the repository: ids by Hugging Face's tokenizer,
/// vectors by the full weights in another binding of ONNX Runtime, lookup vectors by the formula in double precision.
/// </summary>
public sealed class OwnGoldenTests
{
    private static readonly List<GoldenText> Golden = GoldenText.Read(
        Path.Combine(RepositoryRoot.Path, "tests", "Embedding.Tests", "golden-own.jsonl"));

    private static string[] Texts => [.. Golden.Select(text => text.Text)];

    [Fact]
    public async Task Ids_are_the_published_ones()
    {
        await using var embedder = ModelPaths.LoadDefault();
        var tokens = new TokenBuffer();
        foreach (var text in Golden)
        {
            embedder.Tokenizer.EncodeWhole(text.Text, tokens);
            tokens.Ids.ToArray().ShouldBe(text.Ids, text.Text);
        }
    }

    [Fact]
    public async Task The_int8_graph_stays_close_to_full_weights_in_a_batch_and_alone()
    {
        await using var embedder = ModelPaths.LoadDefault();
        var together = await embedder.PassagesAsync(Texts, EncoderKind.Full);
        for (var i = 0; i < Golden.Count; i++)
        {
            var alone = await embedder.EncodeQueryAsync(Golden[i].Text, EncoderKind.Full, CancellationToken.None);
            Cosine(together[i], Golden[i].Vector).ShouldBeGreaterThanOrEqualTo(.97f, Golden[i].Text);
            Cosine(alone.Span, Golden[i].Vector).ShouldBeGreaterThanOrEqualTo(.97f, Golden[i].Text);
            TensorPrimitives.Norm(together[i]).ShouldBe(1, 1e-5f);
        }

        together.Select((vector, i) => Cosine(vector, Golden[i].Vector)).Average().ShouldBeGreaterThanOrEqualTo(.985f);
    }

    [Fact]
    public async Task Lookup_vectors_agree_within_a_thousandth()
    {
        await using var embedder = ModelPaths.LoadDefault();
        var vectors = await embedder.PassagesAsync(Texts, EncoderKind.Lookup);
        for (var i = 0; i < Golden.Count; i++)
        {
            for (var d = 0; d < vectors[i].Length; d++)
                vectors[i][d].ShouldBe(Golden[i].Lookup[d], 1e-5f, Golden[i].Text);
        }
    }

    [Fact]
    public async Task A_text_beyond_the_limit_is_cut_by_tokens()
    {
        await using var embedder = ModelPaths.LoadDefault();
        var words = Enumerable.Range(0, 400).Select(i => i % 2 == 0 ? "index" : "vector").ToArray();
        var whole = string.Join(' ', words);
        var cut = string.Join(' ', words[..254]);
        foreach (var encoder in new[] { EncoderKind.Full, EncoderKind.Lookup })
        {
            var a = await embedder.EncodeQueryAsync(whole, encoder, CancellationToken.None);
            var b = await embedder.EncodeQueryAsync(cut, encoder, CancellationToken.None);
            var c = await embedder.EncodeQueryAsync(string.Join(' ', words[..253]), encoder, CancellationToken.None);
            a.ToArray().ShouldBe(b.ToArray());
            c.ToArray().ShouldNotBe(b.ToArray());
        }
    }

    private static float Cosine(ReadOnlySpan<float> a, ReadOnlySpan<float> b) => TensorPrimitives.CosineSimilarity(a, b);
}
