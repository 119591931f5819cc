using Microsoft.Extensions.Logging.Abstractions;
using Rag.Testing;

namespace Rag.Embedding.Tests;

/// <summary>Vectors of single tokens through a real graph.</summary>
public sealed class TokenEncoderTests : IDisposable
{
    // [CLS] and [SEP].
    private const int First = 2;
    private const int Last = 3;

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public async Task Each_token_has_its_own_vector_of_length_1_whatever_batch_it_is_in()
    {
        TinyModel.Write(_folder.Path);
        using var encoder = Load();
        (string Text, int[] Ids)[] texts = [("hello", [5]), ("", []), ("world hello worlds", [6, 5, 6, 10]), ("query : passage", [7, 9, 8])];
        var many = Enumerable.Range(0, 200).Select(i => texts[i % texts.Length]).ToList();
        var made = await encoder.EncodeAsync([.. many.Select(text => text.Text)], query: false, Made, default);
        for (var i = 0; i < many.Count; i++)
        {
            int[] ids = [First, .. many[i].Ids, Last];
            made[i].Dimension.ShouldBe(TinyModel.Dimension);
            made[i].Vectors.ShouldBe(ids.SelectMany(id => Unit(TinyModel.VectorOf(id))), 1e-6);
        }
    }

    [Fact]
    public async Task Texts_are_cut_to_the_models_input()
    {
        TinyModel.Write(_folder.Path);
        using var encoder = Load();
        var made = await encoder.EncodeAsync([string.Concat(Enumerable.Repeat("hello ", 100))], query: true, Made, default);
        made[0].Vectors.Length.ShouldBe(16 * TinyModel.Dimension);
    }

    [Fact]
    public async Task What_goes_wrong_with_one_text_is_the_calls_fault_and_the_next_call_is_served()
    {
        TinyModel.Write(_folder.Path);
        using var encoder = Load();
        await Should.ThrowAsync<InvalidDataException>(
            () => encoder.EncodeAsync<int>(["hello", "world"], query: true, (_, _) => throw new InvalidDataException(), default));
        (await encoder.EncodeAsync(["hello"], query: true, Made, default))[0].Vectors.Length.ShouldBe(3 * TinyModel.Dimension);
    }

    [Fact]
    public async Task A_graph_that_gives_vectors_of_texts_alone_is_refused()
    {
        TinyModel.Write(_folder.Path, pooled: true, output: "sentence_embedding");
        using var encoder = Load();
        (await Should.ThrowAsync<ModelFormatException>(() => encoder.EncodeAsync(["hello"], query: true, Made, default))).Message.ShouldContain("tokens");
    }

    [Fact]
    public void A_model_that_reads_pairs_is_refused()
    {
        TinyCrossEncoder.Write(_folder.Path, [("hello", 1)]);
        Should.Throw<ModelFormatException>(() => Load());
    }

    public void Dispose() => _folder.Dispose();

    private TokenEncoder Load() => TokenEncoder.Load(
        new EmbedderOptions { ModelFolder = _folder.Path, ExecutionProvider = ExecutionProvider.Cpu }, NullLoggerFactory.Instance);

    private static (int Dimension, float[] Vectors) Made(int dimension, ReadOnlyMemory<float> vectors) => (dimension, vectors.ToArray());

    private static IEnumerable<float> Unit(float[] vector)
    {
        var length = Math.Sqrt(vector.Sum(x => (double)x * x));
        return vector.Select(x => (float)(x / length));
    }
}
