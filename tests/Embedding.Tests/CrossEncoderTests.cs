using Microsoft.Extensions.Logging.Abstractions;
using Rag.Testing;

namespace Rag.Embedding.Tests;

/// <summary>Pairs through a real graph: segments, mask, cutting, batches, limits.</summary>
public sealed class CrossEncoderTests : IDisposable
{
    private static readonly (string, float)[] Words = [("stone", 3), ("wall", 5), ("house", 7), ("query", 100)];

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public async Task A_logit_is_that_of_the_pair_whatever_batch_it_is_in()
    {
        using var encoder = Load();
        var random = new Random(1);
        var texts = Enumerable.Range(0, 300).Select(_ => Text(random, random.Next(0, 12))).ToList();
        var scores = await encoder.ScoreAsync("query", texts, default);
        for (var i = 0; i < texts.Count; i++)
            scores[i].ShouldBe(1 + Weight(texts[i]), 1e-3f);
        (await encoder.ScoreAsync("stone wall", ["house"], default)).Single().ShouldBe(7.08f, 1e-3f);
    }

    [Fact]
    public async Task A_graph_without_segments_gets_none()
    {
        using var encoder = Load(hasTypes: false);
        (await encoder.ScoreAsync("query", ["wall"], default)).Single().ShouldBe(105f, 1e-3f);
    }

    [Fact]
    public async Task Long_texts_are_cut_to_the_models_input_and_long_queries_to_half_of_it()
    {
        using var encoder = Load(maxTokens: 15);
        // Twelve tokens beside the three markers: one for the query leaves eleven.
        (await encoder.ScoreAsync("query", [string.Concat(Enumerable.Repeat("wall ", 100))], default)).Single().ShouldBe(1 + 55f, 1e-3f);
        (await encoder.ScoreAsync(string.Concat(Enumerable.Repeat("query ", 100)), [string.Concat(Enumerable.Repeat("wall ", 100))], default))
            .Single().ShouldBe(6 + 30f, 1e-3f);
    }

    [Fact]
    public async Task What_is_over_or_too_much_is_not_begun()
    {
        using var encoder = Load();
        using var over = new CancellationTokenSource();
        await over.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => encoder.ScoreAsync("query", ["wall"], over.Token));
        (await encoder.ScoreAsync("query", [], default)).ShouldBeEmpty();
        using var narrow = CrossEncoder.Load(
            new EmbedderOptions { ModelFolder = _folder.Path, Workers = 1, MaxWaitingCalls = 0, ExecutionProvider = ExecutionProvider.Cpu }, NullLoggerFactory.Instance);
        var texts = Enumerable.Repeat("wall", 1000).ToList();
        var calls = Enumerable.Range(0, 50).Select(_ => narrow.ScoreAsync("query", texts, default)).ToList();
        var refused = 0;
        foreach (var call in calls)
        {
            try
            {
                (await call.WaitAsync(TimeSpan.FromSeconds(60))).ShouldAllBe(score => Math.Abs(score - 6) < 1e-3f);
            }
            catch (EmbeddingOverloadedException)
            {
                refused++;
            }
        }

        refused.ShouldBeInRange(1, 49);
    }

    [Fact]
    public async Task A_graph_of_other_outputs_is_no_reranker()
    {
        using var encoder = Load(labels: 2);
        await Should.ThrowAsync<ModelFormatException>(() => encoder.ScoreAsync("query", ["wall"], default));
        Should.Throw<ModelFormatException>(() => CrossEncoder.Load(new EmbedderOptions { ModelFolder = _folder.Combine("none") }, NullLoggerFactory.Instance));
    }

    public void Dispose() => _folder.Dispose();

    private CrossEncoder Load(int maxTokens = 32, bool hasTypes = true, int labels = 1)
    {
        TinyCrossEncoder.Write(_folder.Path, Words, maxTokens, hasTypes, labels);
        return CrossEncoder.Load(
            new EmbedderOptions { ModelFolder = _folder.Path, ExecutionProvider = ExecutionProvider.Cpu, MaxBatchTexts = 7 }, NullLoggerFactory.Instance);
    }

    private static string Text(Random random, int words) =>
        string.Join(' ', Enumerable.Range(0, words).Select(_ => Words[random.Next(3)].Item1));

    private static float Weight(string text) =>
        text.Split(' ', StringSplitOptions.RemoveEmptyEntries).Sum(word => Words.Single(known => known.Item1 == word).Item2);
}
