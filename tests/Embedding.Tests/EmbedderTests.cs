using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Rag.Testing;

namespace Rag.Embedding.Tests;

public sealed class EmbedderTests
{
    [Fact]
    public void The_default_model_tells_what_it_is()
    {
        using var folder = new TemporaryFolder();
        var embedder = ModelPaths.LoadDefault();
        embedder.Model.Name.ShouldBe("all-MiniLM-L6-v2");
        embedder.Model.Dimension.ShouldBe(384);
        embedder.Model.MaxTokens.ShouldBe(256);
        embedder.Model.Licence.ShouldBe("apache-2.0");
        embedder.Model.Pooling.ShouldBe(PoolingMode.Mean);
        embedder.Model.Normalize.ShouldBeTrue();
        embedder.Model.Encoders.ShouldBe([EncoderKind.Full, EncoderKind.Lookup]);
        embedder.Model.Bytes.ShouldBeGreaterThan(30_000_000);
        embedder.Provider.ShouldBeNull();
    }

    [Fact]
    public async Task A_query_that_was_asked_before_comes_from_the_cache_and_others_do_not()
    {
        long hits = 0, misses = 0;
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, self) =>
        {
            if (instrument.Name == "rag.embedding.query_cache")
                self.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((_, value, tags, _) =>
        {
            foreach (var tag in tags)
            {
                if (tag is { Key: "model", Value: not "cache-test" })
                    return;
                if (tag is { Key: "result", Value: "hit" })
                    Interlocked.Add(ref hits, value);
                if (tag is { Key: "result", Value: "miss" })
                    Interlocked.Add(ref misses, value);
            }
        });
        listener.Start();
        await using var embedder = ModelPaths.LoadDefault(options => options with { ModelName = "cache-test" });
        var first = await embedder.EncodeQueryAsync("same", EncoderKind.Lookup, CancellationToken.None);
        var second = await embedder.EncodeQueryAsync("same", EncoderKind.Lookup, CancellationToken.None);
        var full = await embedder.EncodeQueryAsync("same", EncoderKind.Full, CancellationToken.None);
        second.ShouldBe(first);
        full.ToArray().ShouldNotBe(first.ToArray());
        hits.ShouldBe(1);
        misses.ShouldBe(2);
    }

    [Fact]
    public async Task A_destination_of_another_size_is_refused()
    {
        await using var embedder = ModelPaths.LoadDefault();
        await Should.ThrowAsync<ArgumentException>(
            () => embedder.EncodePassagesAsync(["a"], EncoderKind.Lookup, new float[383], CancellationToken.None));
        await embedder.EncodePassagesAsync([], EncoderKind.Full, Memory<float>.Empty, CancellationToken.None);
        await embedder.EncodePassagesAsync([], EncoderKind.Lookup, Memory<float>.Empty, CancellationToken.None);
    }

    [Fact]
    public async Task A_disposed_embedder_refuses_work_and_disposing_twice_is_fine()
    {
        var embedder = ModelPaths.LoadDefault();
        await embedder.EncodeQueryAsync("a", EncoderKind.Full, CancellationToken.None);
        await embedder.DisposeAsync();
        await embedder.DisposeAsync();
        await Should.ThrowAsync<ObjectDisposedException>(
            () => embedder.PassagesAsync(["a"], EncoderKind.Lookup));
        await Should.ThrowAsync<ObjectDisposedException>(
            async () => await embedder.EncodeQueryAsync("a", EncoderKind.Full, CancellationToken.None));
    }

    [Fact]
    public void Every_error_in_the_options_is_listed()
    {
        var options = new EmbedderOptions
        {
            ModelFolder = " ",
            Workers = -1,
            MaxQueuedPassages = 10,
            MaxBatchDelay = TimeSpan.FromSeconds(5),
            QueryCacheBytes = -1,
        };
        var message = Should.Throw<ArgumentException>(() => Embedder.Load(options, NullLoggerFactory.Instance)).Message;
        foreach (var name in new[] { "ModelFolder", "Workers", "MaxQueuedPassages", "MaxBatchDelay", "QueryCacheBytes" })
            message.ShouldContain(name);
    }

    [Fact]
    public async Task Without_a_cuda_library_auto_runs_on_the_cpu_and_says_why_in_one_line()
    {
        var lines = new List<string>();
        using var loggers = LoggerFactory(lines);
        await using var embedder = Embedder.Load(
            new EmbedderOptions { ModelFolder = ModelPaths.Default, CudaLibrary = "/nowhere/libcuda.so" }, loggers);
        await embedder.EncodeQueryAsync("a", EncoderKind.Full, CancellationToken.None);
        await embedder.EncodeQueryAsync("b", EncoderKind.Full, CancellationToken.None);
        embedder.Provider.ShouldBe("CPU");
        lines.ShouldBe(
        [
            "Model all-MiniLM-L6-v2: the transformer onnx/model_int8.onnx runs on CPU, because there is no CUDA provider "
                + "library '/nowhere/libcuda.so'.",
        ]);
    }

    [Fact]
    public async Task A_library_that_is_no_provider_leaves_auto_on_the_cpu_and_fails_a_demand_for_cuda()
    {
        using var folder = new TemporaryFolder();
        var library = folder.Combine("libonnxruntime_providers_cuda.so");
        File.WriteAllText(library, "not a library");
        var options = new EmbedderOptions { ModelFolder = ModelPaths.Default, CudaLibrary = library };
        await using var auto = Embedder.Load(options, NullLoggerFactory.Instance);
        await auto.EncodeQueryAsync("a", EncoderKind.Full, CancellationToken.None);
        auto.Provider.ShouldBe("CPU");

        await using var demanding = Embedder.Load(
            options with { ExecutionProvider = ExecutionProvider.Cuda }, NullLoggerFactory.Instance);
        (await Should.ThrowAsync<ModelFormatException>(
            async () => await demanding.EncodeQueryAsync("a", EncoderKind.Full, CancellationToken.None)))
            .Message.ShouldContain("demand CUDA");
    }

    [Fact]
    public async Task More_threads_in_a_batch_give_the_same_vector()
    {
        await using var one = ModelPaths.LoadDefault();
        await using var two = ModelPaths.LoadDefault(options => options with { IntraOpThreads = 2, Workers = 1 });
        var a = await one.EncodeQueryAsync("the same text on other threads", EncoderKind.Full, CancellationToken.None);
        var b = await two.EncodeQueryAsync("the same text on other threads", EncoderKind.Full, CancellationToken.None);
        b.ToArray().ShouldBe(a.ToArray(), 1e-5f);
    }

    private static ILoggerFactory LoggerFactory(List<string> lines)
    {
        var factory = new LoggerFactory();
        factory.AddProvider(new ListLoggerProvider(lines));
        return factory;
    }

    private sealed class ListLoggerProvider(List<string> lines) : ILoggerProvider, ILogger
    {
        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter)
        {
            lock (lines)
                lines.Add(formatter(state, exception));
        }

        public void Dispose()
        {
        }
    }
}
