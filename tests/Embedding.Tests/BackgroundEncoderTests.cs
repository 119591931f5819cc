using System.Collections.Concurrent;
using Microsoft.Extensions.Logging.Abstractions;
using Rag.Embedding.Full;
using Rag.Embedding.Models;
using Rag.Tokenization;

namespace Rag.Embedding.Tests;

/// <summary>Texts that nobody waits for.</summary>
public sealed class BackgroundEncoderTests
{
    private static readonly Lazy<ITokenizer> Tokenizer = new(() => TokenizerFolder.Load(ModelPaths.Default));

    private static readonly ModelInfo Model = ModelFolder.Read(ModelPaths.Default) with { Dimension = 4, Normalize = false };

    private const string IdlePolicy = "5";

    private readonly FakeTransformer _transformer = new();

    [Fact]
    public async Task They_come_in_small_batches_and_each_gets_its_own_vector()
    {
        await using var encoder = NewEncoder(new EmbedderOptions { ModelFolder = "-", BackgroundBatchTexts = 3 });
        var texts = Enumerable.Range(0, 300).Select(i => $"text number {i}").ToArray();
        var vectors = new float[texts.Length * 4];

        await encoder.EncodeBackgroundAsync(texts, vectors, CancellationToken.None);

        for (var i = 0; i < texts.Length; i++)
            vectors[(i * 4)..((i + 1) * 4)].ShouldBe(Expected(texts[i]), texts[i]);
        lock (_transformer.Batches)
            _transformer.Batches.ShouldAllBe(batch => batch.Rows <= 3);
    }

    [Fact]
    public async Task They_wait_while_other_texts_wait()
    {
        await using var encoder = NewEncoder(new EmbedderOptions
        {
            ModelFolder = "-", Workers = 1, MaxBatchTexts = 1, BackgroundWorkers = 1,
        });
        _transformer.Hold();
        var passages = encoder.EncodePassagesAsync(["a", "b c", "d e f"], new float[12], CancellationToken.None);
        await _transformer.EnteredAsync();
        var vector = new float[4];
        var background = encoder.EncodeBackgroundAsync(["one two three four five six seven"], vector, CancellationToken.None);
        // A query has a worker of its own, and passes by.
        var query = encoder.EncodeQueryAsync("two words", new float[4], CancellationToken.None);
        await _transformer.EnteredAsync();
        lock (_transformer.Batches)
            _transformer.Batches.Count.ShouldBe(2);

        _transformer.Release();
        await Task.WhenAll(passages, background, query).WaitAsync(TimeSpan.FromSeconds(30));

        vector.ShouldBe(Expected("one two three four five six seven"));
        lock (_transformer.Batches)
            _transformer.Batches.FindIndex(batch => batch.Length > 6).ShouldBeGreaterThanOrEqualTo(3);
    }

    [Fact]
    public async Task They_are_computed_where_no_other_thread_wants_to_run()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux tells how a thread is scheduled.");
        var (queries, background) = (new ConcurrentBag<string>(), new ConcurrentBag<string>());
        _transformer.Fault = batch =>
        {
            // Only the background's text is long.
            (batch.Length > 6 ? background : queries).Add(SchedulingPolicy());
            return null;
        };
        await using var encoder = NewEncoder(new EmbedderOptions { ModelFolder = "-" });

        await encoder.EncodeQueryAsync("two words", new float[4], CancellationToken.None);
        await encoder.EncodeBackgroundAsync(["one two three four five six seven"], new float[4], CancellationToken.None);

        queries.ShouldHaveSingleItem().ShouldNotBe(IdlePolicy);
        background.ShouldHaveSingleItem().ShouldBe(IdlePolicy);
    }

    [Fact]
    public async Task They_go_on_where_no_core_is_free_for_long()
    {
        await using var encoder = NewEncoder(new EmbedderOptions
        {
            ModelFolder = "-", BackgroundWorkers = 1, BackgroundBatchTexts = 1, BackgroundPatience = TimeSpan.FromMilliseconds(20),
        });
        _transformer.Hold();
        var vectors = new float[12];
        var background = encoder.EncodeBackgroundAsync(["a", "b c", "d e f"], vectors, CancellationToken.None);
        // The only worker is at the first text as long as it is held.
        await _transformer.EnteredAsync();
        await _transformer.EnteredAsync();

        _transformer.Release();
        await background.WaitAsync(TimeSpan.FromSeconds(30));

        vectors.ShouldBe([.. Expected("a"), .. Expected("b c"), .. Expected("d e f")]);
    }

    [Fact]
    public async Task What_was_taken_and_gets_no_core_is_computed_by_another_and_counts_once()
    {
        await using var encoder = NewEncoder(new EmbedderOptions
        {
            ModelFolder = "-", BackgroundWorkers = 1, BackgroundBatchTexts = 1, BackgroundPatience = TimeSpan.FromMilliseconds(20),
        });
        using var starved = new SemaphoreSlim(0);
        using var second = new SemaphoreSlim(0);
        var begun = 0;
        _transformer.Fault = _ =>
        {
            // The first has no core; who stands in waits with the second text until the first is back.
            var waitsFor = Interlocked.Increment(ref begun) switch { 1 => starved, 3 => second, _ => null };
            (waitsFor?.Wait(TimeSpan.FromSeconds(20))).ShouldNotBe(false, "the test never went on");
            return null;
        };
        var vectors = new float[8];
        var background = encoder.EncodeBackgroundAsync(["a", "b c"], vectors, CancellationToken.None);
        for (var i = 0; i < 3; i++)
            await _transformer.EnteredAsync();
        var before = _transformer.DisposedRuns;
        starved.Release();
        await Eventually(() => _transformer.DisposedRuns > before);

        // What came late is no second row.
        background.IsCompleted.ShouldBeFalse();
        second.Release();
        await background.WaitAsync(TimeSpan.FromSeconds(30));
        vectors.ShouldBe([.. Expected("a"), .. Expected("b c")]);
        _transformer.Stopped.ShouldBe(1);
    }

    [Fact]
    public async Task An_encoder_ends_though_a_batch_of_them_gets_no_core()
    {
        var encoder = NewEncoder(new EmbedderOptions
        {
            ModelFolder = "-", BackgroundWorkers = 1, BackgroundPatience = TimeSpan.FromMilliseconds(20),
        });
        using var starved = new SemaphoreSlim(0);
        var begun = 0;
        _transformer.Fault = _ => Interlocked.Increment(ref begun) == 1 && !starved.Wait(TimeSpan.FromSeconds(60))
            ? new TimeoutException() : null;
        await encoder.EncodeBackgroundAsync(["a"], new float[4], CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(30));

        await encoder.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(30));

        // Its thread computes still.
        _transformer.IsDisposed.ShouldBeFalse();
        starved.Release();
        await Eventually(() => _transformer.IsDisposed);
    }

    [Fact]
    public async Task They_say_what_they_took_of_the_processor_and_not_how_long_they_waited()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux tells what a thread used.");
        _transformer.Fault = batch =>
        {
            var began = ThreadClock.Now;
            while (batch.Length > 6 && ThreadClock.Now - began < TimeSpan.FromMilliseconds(30))
                Thread.SpinWait(100);
            return null;
        };
        await using var encoder = NewEncoder(new EmbedderOptions { ModelFolder = "-", BackgroundPatience = TimeSpan.FromMinutes(1) });
        var worked = await encoder.EncodeBackgroundAsync(["one two three four five six seven"], new float[4], CancellationToken.None);
        _transformer.Hold();
        var waited = encoder.EncodeBackgroundAsync(["a"], new float[4], CancellationToken.None);
        await _transformer.EnteredAsync();
        await _transformer.EnteredAsync();
        await Task.Delay(200, CancellationToken.None);
        _transformer.Release();

        worked.ShouldBeGreaterThanOrEqualTo(TimeSpan.FromMilliseconds(30));
        (await waited.WaitAsync(TimeSpan.FromSeconds(30))).ShouldBeLessThan(TimeSpan.FromMilliseconds(200));
    }

    [Fact]
    public async Task They_end_with_the_encoder_or_their_caller()
    {
        var encoder = NewEncoder(new EmbedderOptions { ModelFolder = "-", Workers = 1, MaxBatchTexts = 1 });
        _transformer.Hold();
        var passages = encoder.EncodePassagesAsync(["a", "b"], new float[8], CancellationToken.None);
        await _transformer.EnteredAsync();
        using var stop = new CancellationTokenSource();
        var cancelled = encoder.EncodeBackgroundAsync(["c"], new float[4], stop.Token);
        var abandoned = encoder.EncodeBackgroundAsync(["d"], new float[4], CancellationToken.None);
        await stop.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => cancelled.WaitAsync(TimeSpan.FromSeconds(30)));
        var disposal = encoder.DisposeAsync().AsTask();
        await Should.ThrowAsync<OperationCanceledException>(() => abandoned.WaitAsync(TimeSpan.FromSeconds(30)));
        _transformer.Release();
        await disposal.WaitAsync(TimeSpan.FromSeconds(30));
        await ((Task)passages).ConfigureAwait(
            ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
    }

    private static async Task Eventually(Func<bool> condition)
    {
        for (var i = 0; !condition(); i++)
        {
            i.ShouldBeLessThan(6000);
            await Task.Delay(5);
        }
    }

    // As the system says it of the calling thread: the 41st field, counted from behind the name, which may hold anything.
    private static string SchedulingPolicy()
    {
        var stat = File.ReadAllText("/proc/thread-self/stat");
        return stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[38];
    }

    private static float[] Expected(string text)
    {
        var tokens = new TokenBuffer();
        Tokenizer.Value.EncodeWhole(text, tokens, 256);
        return FakeTransformer.VectorOf(tokens.Ids.ToArray());
    }

    private FullEncoder NewEncoder(EmbedderOptions options) => new(
        Model, Tokenizer, options, new EmbeddingMetrics("fake", () => 0), NullLogger.Instance, () => (_transformer, false));
}
