using Microsoft.Extensions.Logging;

namespace Rag.Embedding.Full;

/// <summary>
/// The threads that take batches and run them: some take whatever comes, one takes queries only, so that a query never
/// waits behind a batch of passages, and some take what is for the background. Each has its own thread, because a run
/// blocks for milliseconds. Those of the background only take and deliver: what they compute is left to threads that give
/// way to all others (<see cref="BackgroundLane"/>).
/// </summary>
internal sealed class BatchWorkers : IAsyncDisposable
{
    private readonly BatchQueue _queue;
    private readonly ITransformer _transformer;
    private readonly ModelInfo _model;
    private readonly int _paddingId;
    private readonly EmbeddingMetrics _metrics;
    private readonly ILogger _logger;
    private readonly BackgroundLane[] _background;
    private readonly TimeSpan _stopPatience;
    private readonly Task _all;
    private readonly int _atATime;
    private double _secondsPerText;
    private int _disposed;

    public BatchWorkers(
        BatchQueue queue, ITransformer transformer, ModelInfo model, int paddingId,
        WorkerCounts workers, EmbeddingMetrics metrics, ILogger logger)
    {
        _queue = queue;
        _transformer = transformer;
        _model = model;
        _paddingId = paddingId;
        _metrics = metrics;
        _logger = logger;
        // More batches than cores take as much longer each.
        _atATime = Math.Clamp(workers.Foreground + 1, 1, Environment.ProcessorCount);
        _stopPatience = workers.BackgroundPatience;
        _background =
        [
            .. Enumerable.Range(0, workers.Background)
                .Select(_ => new BackgroundLane(transformer, workers.OnCuda, workers.BackgroundPatience)),
        ];
        _all = Task.WhenAll(Enumerable.Range(0, workers.Foreground).Select(_ => Start(Lane.Any))
            .Append(Start(Lane.Queries))
            .Concat(_background.Select(lane => Start(Lane.Background, lane))));
    }

    /// <summary>
    /// How long a query that comes now is likely to wait for its vector; zero where none waits before it: it is tried then,
    /// and what is known of the time is learned anew.
    /// </summary>
    public TimeSpan QueryWait => _queue.Queries is > 0 and var before
        ? TimeSpan.FromSeconds((before / _atATime + 1) * Volatile.Read(ref _secondsPerText))
        : TimeSpan.Zero;

    /// <summary>
    /// Ends when no thread uses the transformer any more: after <see cref="DisposeAsync"/>, unless other processes keep
    /// every core busy and a batch that nobody waits for lies on a thread that gets none.
    /// </summary>
    public Task Ended => Task.WhenAll(_background.Select(lane => lane.Ended).Prepend(_all));

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        FailAll(_queue.Close(), new OperationCanceledException("The embedder was disposed."));
        await _all.ConfigureAwait(false);
        foreach (var lane in _background)
            lane.Close();
        await Ended.WaitAsync(_stopPatience).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private static void FailAll(IEnumerable<EncodeItem> items, Exception error)
    {
        foreach (var item in items)
            item.Call.Fail(error);
    }

    private Task Start(Lane lane, BackgroundLane? background = null) => Task.Factory.StartNew(
        () => Work(lane, background), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private void Work(Lane lane, BackgroundLane? background)
    {
        try
        {
            var batch = new List<EncodeItem>();
            var padded = new PaddedBatch();
            var vectors = Array.Empty<float>();
            while (lane == Lane.Background ? _queue.TakeBackground(batch) : _queue.Take(lane == Lane.Queries, batch))
            {
                var needed = batch.Count * _transformer.Dimension;
                if (vectors.Length < needed)
                    vectors = new float[needed];
                Run(background, batch, ref padded, vectors.AsSpan(0, needed));
            }
        }
        catch (Exception error)
        {
            // Nothing may kill a worker; if something does, callers must not wait for it for ever.
            EmbeddingLog.WorkerDied(_logger, error, _model.Name);
            FailAll(_queue.Close(), error);
        }
    }

    private void Run(BackgroundLane? background, List<EncodeItem> batch, ref PaddedBatch padded, Span<float> vectors)
    {
        var started = TimeProvider.System.GetTimestamp();
        try
        {
            var longest = batch.Max(item => item.Ids.Length);
            padded.Reset(batch.Count, longest, _paddingId);
            var tokens = 0;
            for (var row = 0; row < batch.Count; row++)
            {
                padded.SetRow(row, batch[row].Ids);
                tokens += batch[row].Ids.Length;
            }

            var used = TimeSpan.Zero;
            if (background is null)
                _transformer.Run(padded, vectors);
            else
                used = background.Run(ref padded, vectors) / batch.Count;
            for (var row = 0; row < batch.Count; row++)
            {
                var vector = vectors.Slice(row * _transformer.Dimension, _transformer.Dimension);
                if (_model.Normalize)
                    VectorMath.Normalize(vector);
                batch[row].Call.Deliver(batch[row].Row, vector, used);
            }

            var elapsed = TimeProvider.System.GetElapsedTime(started);
            if (background is null)
                Learn(elapsed.TotalSeconds / batch.Count);
            _metrics.BatchDone(batch.Count, tokens, longest, elapsed);
        }
        catch (Exception error)
        {
            // One bad batch is its callers' matter, not the worker's.
            EmbeddingLog.BatchFailed(_logger, error, _model.Name, batch.Count);
            FailAll(batch, error);
        }
    }

    // Workers that learn at the same moment may lose one another's figure, which is a guess anyway.
    private void Learn(double secondsPerText)
    {
        var known = Volatile.Read(ref _secondsPerText);
        Volatile.Write(ref _secondsPerText, known == 0 ? secondsPerText : known + (secondsPerText - known) / 8);
    }

    /// <summary>What a worker takes.</summary>
    private enum Lane
    {
        Any,
        Queries,
        Background,
    }
}

/// <summary>How many workers there are.</summary>
/// <param name="Foreground">Those that take whatever comes.</param>
/// <param name="Background">Those of the background.</param>
/// <param name="OnCuda">Whether a GPU computes.</param>
/// <param name="BackgroundPatience">How long a batch of the background may wait for a core before it gets a little of one.</param>
internal sealed record WorkerCounts(int Foreground, int Background, bool OnCuda, TimeSpan BackgroundPatience);
