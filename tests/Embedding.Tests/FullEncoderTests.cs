using Microsoft.Extensions.Logging.Abstractions;
using Rag.Embedding.Full;
using Rag.Embedding.Models;
using Rag.Testing;
using Rag.Tokenization;

namespace Rag.Embedding.Tests;

/// <summary>Batches, queues and faults, with a transformer that shows what it was given.</summary>
public sealed class FullEncoderTests
{
    private static readonly Lazy<ITokenizer> Tokenizer = new(() => TokenizerFolder.Load(ModelPaths.Default));

    private static readonly ModelInfo Model = ModelFolder.Read(ModelPaths.Default) with
    {
        Dimension = 4,
        Normalize = false,
    };

    private readonly FakeTransformer _transformer = new();

    [Fact]
    public async Task Each_row_of_a_long_call_gets_the_vector_of_its_own_text()
    {
        await using var encoder = NewEncoder(workers: 3);
        var texts = RandomTexts(1200, seed: 1);
        var vectors = new float[texts.Length * 4];
        await encoder.EncodePassagesAsync(texts, vectors, CancellationToken.None);
        for (var i = 0; i < texts.Length; i++)
            vectors[(i * 4)..((i + 1) * 4)].ShouldBe(Expected(texts[i]), texts[i]);
    }

    [Fact]
    public async Task Many_concurrent_callers_of_both_kinds_get_their_own_vectors()
    {
        await using var encoder = NewEncoder(workers: 2);
        var texts = RandomTexts(400, seed: 2);
        await Parallel.ForEachAsync(
            Enumerable.Range(0, 40),
            new ParallelOptions { MaxDegreeOfParallelism = 16 },
            async (caller, cancellationToken) =>
            {
                var own = texts[(caller * 10)..((caller + 1) * 10)];
                var vectors = new float[40];
                if (caller % 2 == 0)
                {
                    await encoder.EncodePassagesAsync(own, vectors, cancellationToken);
                }
                else
                {
                    for (var i = 0; i < own.Length; i++)
                        await encoder.EncodeQueryAsync(own[i], vectors.AsMemory(i * 4, 4), cancellationToken);
                }

                for (var i = 0; i < own.Length; i++)
                    vectors[(i * 4)..((i + 1) * 4)].ShouldBe(Expected(own[i]));
            });
    }

    [Fact]
    public async Task Batches_keep_their_limits_and_waste_little_padding()
    {
        await using var encoder = NewEncoder(options => options with { MaxBatchTexts = 8, MaxBatchTokens = 300 });
        var texts = RandomTexts(512, seed: 3);
        await encoder.EncodePassagesAsync(texts, new float[512 * 4], CancellationToken.None);
        foreach (var (rows, length, lengths) in _transformer.Batches)
        {
            rows.ShouldBeInRange(1, 8);
            if (rows > 1)
                (rows * length).ShouldBeLessThanOrEqualTo(300);
            lengths.Max().ShouldBe(length);
            ((double)lengths.Min() / length).ShouldBeGreaterThanOrEqualTo(.75);
        }

        _transformer.Batches.Average(batch => batch.Rows).ShouldBeGreaterThan(2);
    }

    [Fact]
    public async Task Callers_that_come_while_a_batch_runs_share_the_next_one()
    {
        await using var encoder = NewEncoder(options => options with { MaxBatchTexts = 16 });
        _transformer.Hold();
        var blocker = encoder.EncodePassagesAsync(["first one"], new float[4], CancellationToken.None);
        await _transformer.EnteredAsync();
        var others = Enumerable.Range(0, 12)
            .Select(_ => encoder.EncodePassagesAsync(["another one"], new float[4], CancellationToken.None))
            .ToList();
        await Eventually.HoldsAsync(() => encoder.QueueLength == 12, "twelve texts wait");
        _transformer.Release();
        await Task.WhenAll([blocker, .. others]);
        _transformer.Batches.Select(batch => batch.Rows).ShouldBe([1, 12]);
    }

    [Fact]
    public async Task A_query_overtakes_passages_that_were_there_before_it()
    {
        await using var encoder = NewEncoder(options => options with { MaxBatchTexts = 4 });
        _transformer.Hold();
        var passages = encoder.EncodePassagesAsync(RandomTexts(200, seed: 4), new float[800], CancellationToken.None);
        await _transformer.EnteredAsync();
        var query = encoder.EncodeQueryAsync("urgent", new float[4], CancellationToken.None);
        await _transformer.EnteredAsync();
        // Two batches run: one of passages, and the query in the place that is kept for queries.
        _transformer.Batches.Count.ShouldBe(2);
        _transformer.Batches[1].Rows.ShouldBe(1);
        _transformer.Release();
        await query;
        await passages;
    }

    [Fact]
    public async Task A_delay_lets_a_batch_wait_for_company_but_not_for_ever()
    {
        await using var encoder = NewEncoder(options => options with
        {
            MaxBatchTexts = 3,
            MaxBatchDelay = TimeSpan.FromSeconds(1),
        });
        var calls = Enumerable.Range(0, 3)
            .Select(_ => encoder.EncodePassagesAsync(["same length"], new float[4], CancellationToken.None));
        await Task.WhenAll(calls);
        _transformer.Batches.Select(batch => batch.Rows).ShouldBe([3]);
        await encoder.EncodePassagesAsync(["alone"], new float[4], CancellationToken.None);
        _transformer.Batches[^1].Rows.ShouldBe(1);
    }

    [Fact]
    public async Task A_query_beyond_the_queue_is_refused_and_the_others_are_served()
    {
        await using var encoder = NewEncoder(options => options with { MaxQueuedQueries = 2, Workers = 1 });
        _transformer.Hold();
        var running = new List<Task>();
        // One batch in the general worker, one in the place for queries.
        for (var i = 0; i < 2; i++)
        {
            running.Add(encoder.EncodeQueryAsync("running", new float[4], CancellationToken.None));
            await _transformer.EnteredAsync();
        }

        var waiting = Enumerable.Range(0, 2)
            .Select(_ => encoder.EncodeQueryAsync("waiting", new float[4], CancellationToken.None))
            .ToList();
        await Eventually.HoldsAsync(() => encoder.QueueLength == 2, "two queries wait");
        await Should.ThrowAsync<EmbeddingOverloadedException>(
            () => encoder.EncodeQueryAsync("too much", new float[4], CancellationToken.None));
        _transformer.Release();
        await Task.WhenAll([.. running, .. waiting]);
    }

    [Fact]
    public async Task Passage_calls_beyond_the_line_are_refused_and_the_others_are_served()
    {
        await using var encoder = NewEncoder(options => options with { MaxQueuedPassages = 256, MaxWaitingCalls = 1 });
        _transformer.Hold();
        var first = encoder.EncodePassagesAsync(["one"], new float[4], CancellationToken.None);
        await _transformer.EnteredAsync();
        var second = encoder.EncodePassagesAsync(["two"], new float[4], CancellationToken.None);
        await Should.ThrowAsync<EmbeddingOverloadedException>(
            () => encoder.EncodePassagesAsync(["three"], new float[4], CancellationToken.None));
        _transformer.Release();
        await first;
        await second;
    }

    [Fact]
    public async Task A_cancelled_call_ends_at_once_and_its_texts_are_not_computed()
    {
        await using var encoder = NewEncoder(options => options with { MaxBatchTexts = 4, Workers = 1 });
        _transformer.Hold();
        var other = encoder.EncodePassagesAsync(["other"], new float[4], CancellationToken.None);
        await _transformer.EnteredAsync();
        using var stop = new CancellationTokenSource();
        var vectors = new float[100 * 4];
        var cancelled = encoder.EncodePassagesAsync(RandomTexts(100, seed: 5), vectors, stop.Token);
        await Eventually.HoldsAsync(() => encoder.QueueLength == 100, "the texts wait");
        await stop.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => cancelled);
        _transformer.Release();
        await other;
        await encoder.EncodePassagesAsync(["after"], new float[4], CancellationToken.None);
        _transformer.Batches.Sum(batch => batch.Rows).ShouldBe(2);
        vectors.ShouldAllBe(value => value == 0);
    }

    [Fact]
    public async Task Nothing_is_written_after_a_call_was_cancelled_in_the_middle_of_its_batch()
    {
        await using var encoder = NewEncoder();
        _transformer.Hold();
        using var stop = new CancellationTokenSource();
        var vectors = new float[4];
        var call = encoder.EncodePassagesAsync(["text"], vectors, stop.Token);
        await _transformer.EnteredAsync();
        await stop.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => call);
        _transformer.Release();
        await encoder.EncodePassagesAsync(["after"], new float[4], CancellationToken.None);
        vectors.ShouldAllBe(value => value == 0);
    }

    [Fact]
    public async Task A_failed_batch_fails_its_callers_and_nobody_else()
    {
        await using var encoder = NewEncoder();
        _transformer.Fault = batch => batch.Length > 50 ? new InvalidOperationException("bad batch") : null;
        var longText = string.Join(' ', Enumerable.Repeat("long", 80));
        await Should.ThrowAsync<InvalidOperationException>(
            () => encoder.EncodePassagesAsync([longText], new float[4], CancellationToken.None));
        var vectors = new float[4];
        await encoder.EncodePassagesAsync(["short"], vectors, CancellationToken.None);
        vectors.ShouldBe(Expected("short"));
    }

    [Fact]
    public async Task A_model_that_fails_to_load_is_tried_again_by_the_next_caller()
    {
        var attempts = 0;
        await using var encoder = NewEncoder(load: () => ++attempts == 1
            ? throw new ModelFormatException("not there yet")
            : (_transformer, false));
        await Should.ThrowAsync<ModelFormatException>(
            () => encoder.EncodeQueryAsync("a", new float[4], CancellationToken.None));
        await encoder.EncodeQueryAsync("a", new float[4], CancellationToken.None);
        attempts.ShouldBe(2);
    }

    [Fact]
    public async Task Disposing_ends_waiting_calls_and_the_transformer_once()
    {
        var encoder = NewEncoder(options => options with { Workers = 1 });
        _transformer.Hold();
        var running = encoder.EncodePassagesAsync(["running"], new float[4], CancellationToken.None);
        await _transformer.EnteredAsync();
        var waiting = encoder.EncodePassagesAsync(["waiting"], new float[4], CancellationToken.None);
        await Eventually.HoldsAsync(() => encoder.QueueLength == 1, "one text waits");
        var disposing = encoder.DisposeAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => waiting);
        _transformer.Release();
        await disposing;
        await running;
        _transformer.IsDisposed.ShouldBeTrue();
        await encoder.DisposeAsync();
        await Should.ThrowAsync<ObjectDisposedException>(
            () => encoder.EncodeQueryAsync("late", new float[4], CancellationToken.None));
    }

    [Fact]
    public async Task Prefixes_are_put_before_queries_and_passages()
    {
        var model = Model with { QueryPrefix = "query: ", PassagePrefix = "passage: " };
        await using var encoder = new FullEncoder(
            model, Tokenizer, new EmbedderOptions { ModelFolder = "-" }, new EmbeddingMetrics("fake", () => 0),
            NullLogger.Instance, () => (_transformer, false));
        var vector = new float[4];
        await encoder.EncodeQueryAsync("hello", vector, CancellationToken.None);
        vector.ShouldBe(Expected("query: hello"));
        await encoder.EncodePassagesAsync(["hello"], vector, CancellationToken.None);
        vector.ShouldBe(Expected("passage: hello"));
    }

    private static float[] Expected(string text)
    {
        var tokens = new TokenBuffer();
        Tokenizer.Value.EncodeWhole(text, tokens, 256);
        return FakeTransformer.VectorOf(tokens.Ids.ToArray());
    }

    private static string[] RandomTexts(int count, int seed)
    {
        var random = new Random(seed);
        string[] words = ["search", "engine", "vector", "workspace", "shard", "replica", "snapshot", "log"];
        return [.. Enumerable.Range(0, count).Select(_ => string.Join(
            ' ', Enumerable.Range(0, random.Next(0, 60)).Select(_ => words[random.Next(words.Length)])))];
    }

    private FullEncoder NewEncoder(
        Func<EmbedderOptions, EmbedderOptions>? configure = null, int workers = 1,
        Func<(ITransformer, bool)>? load = null)
    {
        var options = new EmbedderOptions { ModelFolder = "-", Workers = workers };
        return new FullEncoder(
            Model, Tokenizer, configure?.Invoke(options) ?? options, new EmbeddingMetrics("fake", () => 0),
            NullLogger.Instance, load ?? (() => (_transformer, false)));
    }
}
