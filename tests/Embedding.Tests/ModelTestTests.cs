using Microsoft.Extensions.Logging.Abstractions;

namespace Rag.Embedding.Tests;

public sealed class ModelTestTests
{
    [Fact]
    public async Task A_model_test_measures_every_way_to_embed()
    {
        using var folder = new Rag.Testing.TemporaryFolder();
        TinyModel.Write(folder.Path);
        TinyModel.WriteTable(folder.Path);
        var result = await ModelTest.RunAsync(
            new EmbedderOptions { ModelFolder = folder.Path, ExecutionProvider = ExecutionProvider.Cpu },
            NullLoggerFactory.Instance,
            TimeSpan.FromMilliseconds(100),
            CancellationToken.None);
        result.Provider.ShouldBe("CPU");
        result.Speeds.Count.ShouldBe(9);
        result.Speeds.ShouldAllBe(speed => speed.TextsPerSecond > 0);
        result.Speeds.Count(speed => speed.TokensEach == 12).ShouldBe(3);
        // The model's longest input is shorter than a long text.
        result.Speeds.Count(speed => speed.TokensEach == 16).ShouldBe(6);
        result.Speeds.Count(speed => speed.What.Contains("long")).ShouldBe(3);
    }

    [Fact]
    public async Task A_check_of_a_provider_against_itself_finds_no_difference()
    {
        using var folder = new Rag.Testing.TemporaryFolder();
        // The check insists on full weights; any graph will do to compare the CPU with itself.
        ModelPaths.CopyWithGraph(folder.Path, Path.Combine(ModelPaths.Default, "onnx", "model_int8.onnx"));
        var result = await EmbeddingCheck.RunAsync(
            new EmbedderOptions { ModelFolder = folder.Path }, ExecutionProvider.Cpu, 3, TimeSpan.Zero,
            NullLoggerFactory.Instance, CancellationToken.None);
        result.MaxDifference.ShouldBe(0, 1e-6);
        result.MinCosine.ShouldBe(1, 1e-6);
        result.Providers.ShouldBe(["CPU", "CPU"]);
    }

    [Fact]
    public async Task A_check_without_full_weights_says_what_is_missing()
    {
        (await Should.ThrowAsync<ModelFormatException>(() => EmbeddingCheck.RunAsync(
            new EmbedderOptions { ModelFolder = ModelPaths.Default }, 2, TimeSpan.Zero, NullLoggerFactory.Instance,
            CancellationToken.None))).Message.ShouldContain("full weights");
    }
}
