using Microsoft.Extensions.Logging.Abstractions;
using Rag.Testing;

namespace Rag.Embedding.Tests;

public sealed class LookupEncoderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_vector_is_the_scaled_sum_over_the_root_of_n_plus_the_bias()
    {
        WriteTable();
        await using var embedder = Load();
        // hello = 5, world = 6; n counts the unknown word too, whose row is added like any other.
        var vector = (await embedder.PassagesAsync(["hello world xyz"], EncoderKind.Lookup))[0];
        float[] expected = new float[4];
        foreach (var id in new[] { 5, 6, 1 })
        {
            for (var d = 0; d < 4; d++)
                expected[d] += (id + 1) * .5f * (id + d) / MathF.Sqrt(3);
        }

        for (var d = 0; d < 4; d++)
            expected[d] += d;
        var norm = MathF.Sqrt(expected.Sum(value => value * value));
        vector.ShouldBe(expected.Select(value => value / norm).ToArray(), 1e-6f);
    }

    [Fact]
    public async Task An_empty_text_is_the_bias()
    {
        WriteTable();
        await using var embedder = Load();
        var vector = (await embedder.PassagesAsync([""], EncoderKind.Lookup))[0];
        vector.ShouldBe([0, 1 / MathF.Sqrt(14), 2 / MathF.Sqrt(14), 3 / MathF.Sqrt(14)], 1e-6f);
    }

    [Theory]
    [InlineData("embeddings", "F32", "type")]
    [InlineData("missing", "I8", "no tensor")]
    public async Task A_table_with_other_tensors_is_refused_by_their_names(string name, string dtype, string expected)
    {
        WriteTable(json => json.Replace("\"embeddings\":{\"dtype\":\"I8\"", $"\"{name}\":{{\"dtype\":\"{dtype}\""));
        await using var embedder = Load();
        (await Should.ThrowAsync<ModelFormatException>(() => embedder.PassagesAsync(["a"], EncoderKind.Lookup)))
            .Message.ShouldContain(expected);
    }

    [Theory]
    [InlineData("[11,4]", "[7,4]")]
    [InlineData("[11,4]", "[11,5]")]
    [InlineData("[11,4]", "[11]")]
    [InlineData("[11,4]", "[4611686018427387904,4]")]
    [InlineData("[11,4]", "\"x\"")]
    [InlineData("\"data_offsets\":[60,104]", "\"data_offsets\":[60,1044]")]
    [InlineData("\"data_offsets\":[60,104]", "\"data_offsets\":[-1,43]")]
    [InlineData("\"data_offsets\":[60,104]", "\"data_offsets\":[1000000,1000044]")]
    [InlineData("\"data_offsets\":[60,104]", "\"data_offsets\":[60]")]
    [InlineData("{", "[")]
    public async Task A_table_that_does_not_fit_is_refused(string find, string replacement)
    {
        WriteTable(json => json.Replace(find, replacement));
        await using var embedder = Load();
        (await Should.ThrowAsync<ModelFormatException>(() => embedder.PassagesAsync(["a"], EncoderKind.Lookup)))
            .Message.ShouldContain("lookup.safetensors");
    }

    [Fact]
    public async Task A_truncated_table_is_refused()
    {
        WriteTable();
        var path = _folder.Combine("lookup.safetensors");
        var bytes = File.ReadAllBytes(path);
        foreach (var length in new[] { 0, 7, 8, 50, bytes.Length - 1 })
        {
            File.WriteAllBytes(path, bytes[..length]);
            await using var embedder = Load();
            await Should.ThrowAsync<ModelFormatException>(() => embedder.PassagesAsync(["a"], EncoderKind.Lookup));
        }
    }

    [Fact]
    public async Task Numbers_that_are_not_finite_are_refused()
    {
        WriteTable(bias: [0, float.NaN, 2, 3]);
        await using var embedder = Load();
        (await Should.ThrowAsync<ModelFormatException>(() => embedder.PassagesAsync(["a"], EncoderKind.Lookup)))
            .Message.ShouldContain("finite");
    }

    [Fact]
    public async Task Cancelling_stops_between_texts()
    {
        WriteTable();
        await using var embedder = Load();
        using var stop = new CancellationTokenSource();
        await stop.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(
            () => embedder.PassagesAsync(["a", "b"], EncoderKind.Lookup, stop.Token));
    }

    private void WriteTable(Func<string, string>? change = null, float[]? bias = null)
    {
        TinyModel.Write(_folder.Path);
        TinyModel.WriteTable(_folder.Path, change, bias);
    }

    private Embedder Load() => Embedder.Load(
        new EmbedderOptions { ModelFolder = _folder.Path, ExecutionProvider = ExecutionProvider.Cpu },
        NullLoggerFactory.Instance);
}
