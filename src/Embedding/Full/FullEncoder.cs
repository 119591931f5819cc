using Microsoft.Extensions.Logging;
using Rag.Tokenization;

namespace Rag.Embedding.Full;

/// <summary>
/// The transformer behind its batches. Tokenises on the caller's thread, cuts long calls into windows, and bounds what
/// waits. The graph and the threads come with the first text. Safe for concurrent use.
/// </summary>
internal sealed class FullEncoder : IAsyncDisposable
{
    /// <summary>Passages of one call that are tokenised and queued at a time.</summary>
    private const int WindowTexts = 256;

    /// <summary>Calls of the background that are queued at a time; further ones wait.</summary>
    private const int BackgroundCalls = 4;

    [ThreadStatic]
    private static TokenBuffer? _tokens;

    private readonly ModelInfo _model;
    private readonly Lazy<ITokenizer> _tokenizer;
    private readonly EmbedderOptions _options;
    private readonly EmbeddingMetrics _metrics;
    private readonly ILogger _logger;
    private readonly Func<(ITransformer Transformer, bool OnCuda)> _load;
    private readonly SemaphoreSlim _windows;
    private readonly SemaphoreSlim _background = new(BackgroundCalls);
    private readonly Lock _gate = new();
    private Task<Running>? _running;
    private int _waitingCalls;
    private bool _disposed;

    public FullEncoder(
        ModelInfo model, Lazy<ITokenizer> tokenizer, EmbedderOptions options, EmbeddingMetrics metrics, ILogger logger,
        Func<(ITransformer Transformer, bool OnCuda)> load)
    {
        _model = model;
        _tokenizer = tokenizer;
        _options = options;
        _metrics = metrics;
        _logger = logger;
        _load = load;
        _windows = new SemaphoreSlim(Math.Max(1, options.MaxQueuedPassages / WindowTexts));
    }

    /// <summary>Texts that wait.</summary>
    public int QueueLength => _running is { IsCompletedSuccessfully: true } running ? running.Result.Queue.Count : 0;

    /// <summary>How long a query that comes now is likely to wait for its vector; zero while that is not known.</summary>
    public TimeSpan QueryWait =>
        _running is { IsCompletedSuccessfully: true } running ? running.Result.Workers.QueryWait : TimeSpan.Zero;

    /// <summary>Where the transformer runs, or null while it is not loaded.</summary>
    public string? Provider =>
        _running is { IsCompletedSuccessfully: true } running ? running.Result.Transformer.Provider : null;

    /// <summary>Encodes a query.</summary>
    public async Task EncodeQueryAsync(string text, Memory<float> destination, CancellationToken cancellationToken)
    {
        var running = await StartAsync().WaitAsync(cancellationToken).ConfigureAwait(false);
        var call = new EncodeCall(destination, _model.Dimension, 1, cancellationToken);
        if (!running.Queue.TryAddQuery(NewItem(call, 0, _model.QueryPrefix, text)))
        {
            var error = new EmbeddingOverloadedException(
                $"{_options.MaxQueuedQueries} queries wait to be embedded already; try again in a moment.");
            call.Fail(error);
            _metrics.Refused();
        }

        await call.Completion.ConfigureAwait(false);
    }

    /// <summary>Encodes passages, a window at a time.</summary>
    public async Task EncodePassagesAsync(
        IReadOnlyList<string> texts, Memory<float> destination, CancellationToken cancellationToken)
    {
        if (texts.Count == 0)
            return;
        var running = await StartAsync().WaitAsync(cancellationToken).ConfigureAwait(false);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task? previous = null;
        try
        {
            // One window is being tokenised while the one before it is computed.
            for (var from = 0; from < texts.Count; from += WindowTexts)
            {
                await EnterAsync(stop.Token).ConfigureAwait(false);
                var window = EncodeWindowAsync(
                    running, texts, from, Math.Min(WindowTexts, texts.Count - from), destination, stop.Token);
                (var before, previous) = (previous, window);
                if (before is not null)
                    await before.ConfigureAwait(false);
            }

            await previous!.ConfigureAwait(false);
        }
        catch
        {
            // Nothing may be written to the destination once this method has ended.
            await stop.CancelAsync().ConfigureAwait(false);
            if (previous is not null)
                await previous.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            cancellationToken.ThrowIfCancellationRequested();
            throw;
        }
    }

    /// <summary>Encodes passages that nobody waits for, when nothing else is to be done.</summary>
    /// <returns>What it took of a processor; on a GPU, how long it took.</returns>
    public async Task<TimeSpan> EncodeBackgroundAsync(
        IReadOnlyList<string> texts, Memory<float> destination, CancellationToken cancellationToken)
    {
        var running = await StartAsync().WaitAsync(cancellationToken).ConfigureAwait(false);
        var used = TimeSpan.Zero;
        for (var from = 0; from < texts.Count; from += WindowTexts)
        {
            await _background.WaitAsync(cancellationToken).ConfigureAwait(false);
            try
            {
                var count = Math.Min(WindowTexts, texts.Count - from);
                var rows = destination.Slice(from * _model.Dimension, count * _model.Dimension);
                var call = new EncodeCall(rows, _model.Dimension, count, cancellationToken);
                var items = new EncodeItem[count];
                for (var i = 0; i < count; i++)
                    items[i] = NewItem(call, i, _model.PassagePrefix, texts[from + i]);
                running.Queue.AddBackground(items);
                used += await call.Completion.ConfigureAwait(false);
            }
            finally
            {
                _background.Release();
            }
        }

        return used;
    }

    public async ValueTask DisposeAsync()
    {
        Task<Running>? running;
        lock (_gate)
        {
            _disposed = true;
            running = _running;
        }

        if (running is null)
            return;
        await ((Task)running).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (running.IsCompletedSuccessfully)
            await running.Result.DisposeAsync().ConfigureAwait(false);
    }

    private Task<Running> StartAsync()
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, typeof(Embedder));
            // A load that failed is tried again by the next caller: the file may be there by then.
            if (_running is null or { IsFaulted: true })
                _running = Task.Run(Start);
            return _running;
        }
    }

    private Running Start()
    {
        var (transformer, onCuda) = _load();
        var queue = new BatchQueue(BatchLimits.From(_options, onCuda));
        var workers = _options.Workers > 0 ? _options.Workers
            : onCuda ? 1
            : Math.Clamp(Environment.ProcessorCount / Math.Max(1, _options.IntraOpThreads), 1, 16);
        var background = _options.BackgroundWorkers > 0 ? _options.BackgroundWorkers
            : onCuda ? 1
            : Math.Clamp(Environment.ProcessorCount / 2 / Math.Max(1, _options.IntraOpThreads), 1, 8);
        return new Running(
            transformer, queue,
            new BatchWorkers(
                queue, transformer, _model, _tokenizer.Value.PaddingId,
                new WorkerCounts(workers, background, onCuda, _options.BackgroundPatience), _metrics, _logger));
    }

    /// <summary>Waits for room for one more window of passages.</summary>
    private async ValueTask EnterAsync(CancellationToken cancellationToken)
    {
        if (_windows.Wait(0, cancellationToken))
            return;
        if (Interlocked.Increment(ref _waitingCalls) > _options.MaxWaitingCalls)
        {
            Interlocked.Decrement(ref _waitingCalls);
            _metrics.Refused();
            throw new EmbeddingOverloadedException(
                $"{_options.MaxWaitingCalls} calls wait to have passages embedded already; try again in a while.");
        }

        try
        {
            await _windows.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            Interlocked.Decrement(ref _waitingCalls);
        }
    }

    private async Task EncodeWindowAsync(
        Running running, IReadOnlyList<string> texts, int from, int count, Memory<float> destination,
        CancellationToken cancellationToken)
    {
        try
        {
            var rows = destination.Slice(from * _model.Dimension, count * _model.Dimension);
            var call = new EncodeCall(rows, _model.Dimension, count, cancellationToken);
            var items = new EncodeItem[count];
            for (var i = 0; i < count; i++)
                items[i] = NewItem(call, i, _model.PassagePrefix, texts[from + i]);
            running.Queue.AddPassages(items);
            await call.Completion.ConfigureAwait(false);
        }
        finally
        {
            _windows.Release();
        }
    }

    private EncodeItem NewItem(EncodeCall call, int row, string prefix, string text)
    {
        var tokens = _tokens ??= new TokenBuffer();
        _tokenizer.Value.EncodeWhole(prefix.Length == 0 ? text : prefix + text, tokens, _model.MaxTokens);
        return new EncodeItem(call, row, tokens.Ids.ToArray(), Environment.TickCount64);
    }

    private sealed record Running(ITransformer Transformer, BatchQueue Queue, BatchWorkers Workers) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await Workers.DisposeAsync().ConfigureAwait(false);
            // A thread that still waits for a core, in a batch that nobody waits for, lets go of the graph when it gets one.
            if (Workers.Ended.IsCompleted)
                Transformer.Dispose();
            else
                _ = Workers.Ended.ContinueWith(_ => Transformer.Dispose(), TaskScheduler.Default);
        }
    }
}
