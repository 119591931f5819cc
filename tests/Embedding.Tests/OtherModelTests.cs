using Microsoft.Extensions.Logging.Abstractions;
using Rag.Testing;

namespace Rag.Embedding.Tests;

/// <summary>Models other than the default one: layouts, pooling, prefixes, and what is refused.</summary>
public sealed class OtherModelTests : IDisposable
{
    private const int Classify = 2;
    private const int Separator = 3;
    private const int Hello = 5;
    private const int World = 6;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("model.onnx")]
    [InlineData("onnx/model.onnx")]
    [InlineData("onnx/model_quantized.onnx")]
    [InlineData("model_int8.onnx")]
    public async Task A_graph_is_found_in_every_usual_place(string graph)
    {
        TinyModel.Write(_folder.Path, graph);
        (await EncodeAsync("hello world")).ShouldBe(Normalized(Mean(Classify, Hello, World, Separator)), 1e-6f);
    }

    [Fact]
    public async Task Mean_pooling_leaves_padding_out_when_texts_of_other_lengths_share_a_batch()
    {
        TinyModel.Write(_folder.Path);
        await using var embedder = Load();
        var vectors = await embedder.PassagesAsync(
            ["hello world hello world hello", "hello world hello world"], EncoderKind.Full);
        vectors[1].ShouldBe(Normalized(Mean(Classify, Hello, World, Hello, World, Separator)), 1e-6f);
    }

    [Fact]
    public async Task Cls_pooling_takes_the_opening_token()
    {
        TinyModel.Write(_folder.Path);
        TinyModel.WritePooling(_folder.Path, "pooling_mode_cls_token");
        (await EncodeAsync("hello world")).ShouldBe(Normalized(TinyModel.VectorOf(Classify)), 1e-6f);
    }

    [Fact]
    public async Task A_graph_that_pools_by_itself_is_taken_as_it_is()
    {
        TinyModel.Write(_folder.Path, output: "sentence_embedding", pooled: true);
        (await EncodeAsync("hello")).ShouldBe(Normalized(Mean(Classify, Hello, Separator)), 1e-6f);
    }

    [Fact]
    public async Task Modules_without_normalisation_leave_vectors_as_they_are()
    {
        TinyModel.Write(_folder.Path);
        File.WriteAllText(
            _folder.Combine("modules.json"),
            """[{"type":"sentence_transformers.models.Transformer"},{"type":"sentence_transformers.models.Pooling"}]""");
        (await EncodeAsync("hello")).ShouldBe(Mean(Classify, Hello, Separator), 1e-6f);
    }

    [Fact]
    public async Task Prompts_of_the_model_are_prefixes_and_options_replace_them()
    {
        TinyModel.Write(_folder.Path);
        File.WriteAllText(
            _folder.Combine("config_sentence_transformers.json"),
            """{"prompts":{"query":"query: ","passage":"passage: "}}""");
        await using (var embedder = Load())
        {
            embedder.Model.QueryPrefix.ShouldBe("query: ");
            embedder.Model.PassagePrefix.ShouldBe("passage: ");
            (await embedder.EncodeQueryAsync("hello", EncoderKind.Full, CancellationToken.None)).ToArray()
                .ShouldBe(Normalized(Mean(Classify, 7, 9, Hello, Separator)), 1e-6f);
            (await embedder.PassagesAsync(["hello"], EncoderKind.Full))[0]
                .ShouldBe(Normalized(Mean(Classify, 8, 9, Hello, Separator)), 1e-6f);
        }

        await using var plain = Load(options => options with { QueryPrefix = "" });
        (await plain.EncodeQueryAsync("hello", EncoderKind.Full, CancellationToken.None)).ToArray()
            .ShouldBe(Normalized(Mean(Classify, Hello, Separator)), 1e-6f);
    }

    [Fact]
    public async Task The_smallest_limit_of_the_files_cuts_texts()
    {
        TinyModel.Write(_folder.Path);
        File.WriteAllText(_folder.Combine("sentence_bert_config.json"), """{"max_seq_length": 4}""");
        await using var embedder = Load();
        embedder.Model.MaxTokens.ShouldBe(4);
        (await embedder.PassagesAsync(["hello world world world"], EncoderKind.Full))[0]
            .ShouldBe(Normalized(Mean(Classify, Hello, World, Separator)), 1e-6f);
    }

    [Fact]
    public async Task A_model_without_a_table_says_so_when_it_is_asked_for()
    {
        TinyModel.Write(_folder.Path);
        await using var embedder = Load();
        embedder.Model.Encoders.ShouldBe([EncoderKind.Full]);
        (await Should.ThrowAsync<NotSupportedException>(() => embedder.PassagesAsync(["a"], EncoderKind.Lookup)))
            .Message.ShouldContain("no lookup table");
    }

    [Theory]
    [InlineData("config.json", "config.json")]
    [InlineData("vocab.txt", "tokenizer.json")]
    [InlineData("model.onnx", "onnx/model.onnx")]
    public void A_missing_file_is_named(string missing, string expected)
    {
        TinyModel.Write(_folder.Path);
        File.Delete(_folder.Combine(missing));
        Should.Throw<ModelFormatException>(() => Load()).Message.ShouldContain(expected);
    }

    [Theory]
    [InlineData("config.json", "{}", "hidden_size")]
    [InlineData("config.json", "not json", "config.json")]
    [InlineData("config.json", """{"hidden_size": -1}""", "hidden_size")]
    [InlineData("config.json", """{"hidden_size": 4, "max_position_embeddings": 1}""", "longest input")]
    [InlineData("1_Pooling/config.json", """{"pooling_mode_max_tokens": true}""", "pooling_mode_max_tokens")]
    [InlineData("1_Pooling/config.json", """{"pooling_mode_mean_tokens": false}""", "no pooling")]
    [InlineData("1_Pooling/config.json", """{"pooling_mode": "lasttoken"}""", "lasttoken")]
    [InlineData("modules.json", """[{"type":"sentence_transformers.models.Dense"}]""", "Dense")]
    public void What_is_not_supported_is_named(string file, string content, string expected)
    {
        TinyModel.Write(_folder.Path);
        Directory.CreateDirectory(_folder.Combine("1_Pooling"));
        File.WriteAllText(_folder.Combine(file), content);
        Should.Throw<ModelFormatException>(() => Load()).Message.ShouldContain(expected);
    }

    [Fact]
    public async Task A_graph_with_unknown_inputs_or_types_is_refused_by_their_names()
    {
        TinyModel.Write(_folder.Path, extraInput: "position_ids");
        (await Should.ThrowAsync<ModelFormatException>(() => EncodeAsync("hello"))).Message.ShouldContain("position_ids");
        TinyModel.Write(_folder.Path, elementType: 6);
        (await Should.ThrowAsync<ModelFormatException>(() => EncodeAsync("hello"))).Message.ShouldContain("int64");
    }

    [Fact]
    public async Task A_corrupt_graph_is_refused_by_its_path_and_a_repaired_one_is_taken()
    {
        TinyModel.Write(_folder.Path);
        var good = File.ReadAllBytes(_folder.Combine("model.onnx"));
        File.WriteAllBytes(_folder.Combine("model.onnx"), good[..(good.Length / 2)]);
        await using var embedder = Load();
        (await Should.ThrowAsync<ModelFormatException>(() => embedder.PassagesAsync(["hello"], EncoderKind.Full)))
            .Message.ShouldContain("model.onnx");
        File.WriteAllBytes(_folder.Combine("model.onnx"), good);
        await embedder.PassagesAsync(["hello"], EncoderKind.Full);
    }

    [Fact]
    public async Task A_dimension_that_the_graph_does_not_have_is_noticed()
    {
        TinyModel.Write(_folder.Path);
        File.WriteAllText(_folder.Combine("config.json"), """{"hidden_size": 8}""");
        (await Should.ThrowAsync<ModelFormatException>(() => EncodeAsync("hello"))).Message.ShouldContain("dimension");
    }

    private static float[] Mean(params int[] ids) =>
        [.. Enumerable.Range(0, TinyModel.Dimension).Select(d => ids.Average(id => TinyModel.VectorOf(id)[d]))];

    private static float[] Normalized(float[] vector)
    {
        var norm = MathF.Sqrt(vector.Sum(value => value * value));
        return [.. vector.Select(value => value / norm)];
    }

    private async Task<float[]> EncodeAsync(string text)
    {
        await using var embedder = Load();
        return (await embedder.PassagesAsync([text], EncoderKind.Full))[0];
    }

    private Embedder Load(Func<EmbedderOptions, EmbedderOptions>? configure = null)
    {
        var options = new EmbedderOptions { ModelFolder = _folder.Path, ExecutionProvider = ExecutionProvider.Cpu };
        return Embedder.Load(configure?.Invoke(options) ?? options, NullLoggerFactory.Instance);
    }
}
