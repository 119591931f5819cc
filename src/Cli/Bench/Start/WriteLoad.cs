using System.Diagnostics;
using Rag.Engine;

namespace Rag.Cli.Bench.Start;

/// <summary>Replaces vectors of a store at a steady rate until it is disposed.</summary>
internal sealed class WriteLoad : IAsyncDisposable
{
    private const int WritesPerSecond = 20;

    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _loop;
    private bool _disposed;

    /// <param name="made">The store's maker.</param>
    /// <param name="store">The open store.</param>
    /// <param name="vectors">Keys there are.</param>
    /// <param name="perSecond">Vectors replaced a second.</param>
    /// <param name="seed">Which keys are replaced by what.</param>
    public WriteLoad(StartStore made, ShardStore store, int vectors, int perSecond, int seed) =>
        _loop = Task.Run(() => RunAsync(made, store, vectors, perSecond, seed));

    /// <summary>Latencies of the writes, a few vectors each.</summary>
    public LatencyHistogram Latencies { get; } = new();

    public async ValueTask DisposeAsync()
    {
        if (_disposed)
            return;
        _disposed = true;
        await _stopping.CancelAsync();
        await _loop;
        _stopping.Dispose();
    }

    private async Task RunAsync(StartStore made, ShardStore store, int vectors, int perSecond, int seed)
    {
        var random = new Random(seed);
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1.0 / Math.Min(perSecond, WritesPerSecond)));
        var each = Math.Clamp(perSecond / WritesPerSecond, 1, StoreLimits.MaxBatch);
        try
        {
            while (await timer.WaitForNextTickAsync(_stopping.Token))
            {
                var items = Enumerable.Range(0, each)
                    .Select(_ => ((long)random.Next(vectors), vectors + random.NextInt64(int.MaxValue))).ToArray();
                var began = Stopwatch.GetTimestamp();
                await made.UpsertAsync(store, items, CancellationToken.None);
                Latencies.Add(Stopwatch.GetElapsedTime(began));
            }
        }
        catch (OperationCanceledException)
        {
            // Told to end.
        }
    }
}
