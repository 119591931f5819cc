using System.Diagnostics.Metrics;
using Microsoft.Extensions.Hosting;
using Rag.Engine;

namespace Rag.Shard;

/// <summary>
/// The meter "Rag.Shard": recall as the indexes measure it, a series for each of the largest spaces of awake workspaces,
/// so that their number stays bounded; and the sizes of inverted indexes. Thread-safe.
/// </summary>
internal sealed class ShardMetrics : IHostedService, IDisposable
{
    /// <summary>Name of the meter.</summary>
    public const string MeterName = "Rag.Shard";

    /// <summary>Series at most.</summary>
    private const int MaxSeries = 100;

    /// <summary>How old sizes may be: the instruments of one scrape are asked one after the other, about the same.</summary>
    private static readonly TimeSpan SizesAge = TimeSpan.FromSeconds(1);

    private readonly ShardStore _store;
    private readonly TimeProvider _time;
    private readonly Meter _meter = new(MeterName);
    private readonly Counter<long> _recoveries;
    private readonly Lock _reading = new();
    private (TermIndexStatistics Text, TermIndexStatistics Sparse) _sizes;
    private long? _sizesAt;

    public ShardMetrics(ShardStore store, TimeProvider time)
    {
        _store = store;
        _time = time;
        _recoveries = _meter.CreateCounter<long>(
            "rag.shard.replica.recoveries", "{replica}", "Replicas that could not follow the log any more and were copied anew.");
    }

    /// <summary>A replica answers no more until it is copied anew.</summary>
    public void ReplicaLeft() => _recoveries.Add(1);

    public Task StartAsync(CancellationToken cancellationToken)
    {
        _meter.CreateObservableGauge(
            "rag.shard.recall", Observe, "1", "Measured recall of the ten nearest at the default recall target.");
        _meter.CreateObservableGauge(
            "rag.shard.term_index.size", () => ObserveTerms(static index => index.Bytes), "By",
            "Memory of inverted indexes of awake workspaces: of words (text), of callers' sparse vectors (sparse).");
        _meter.CreateObservableGauge(
            "rag.shard.term_index.postings", () => ObserveTerms(static index => index.Postings), "{posting}",
            "Postings of these indexes.");
        _meter.CreateObservableGauge(
            "rag.shard.term_index.documents", () => ObserveTerms(static index => index.Documents), "{chunk}",
            "Visible chunks in these indexes.");
        return Task.CompletedTask;
    }

    // Before the store is closed.
    public Task StopAsync(CancellationToken cancellationToken)
    {
        _meter.Dispose();
        return Task.CompletedTask;
    }

    public void Dispose() => _meter.Dispose();

    private Measurement<long>[] ObserveTerms(Func<TermIndexStatistics, long> figure)
    {
        var (text, sparse) = ReadSizes();
        return
        [
            new Measurement<long>(figure(text), new KeyValuePair<string, object?>("index", "text")),
            new Measurement<long>(figure(sparse), new KeyValuePair<string, object?>("index", "sparse")),
        ];
    }

    // Every awake workspace is asked for its sizes: of ten thousand that takes a while.
    private (TermIndexStatistics Text, TermIndexStatistics Sparse) ReadSizes()
    {
        lock (_reading)
        {
            if (_sizesAt is { } readAt && _time.GetElapsedTime(readAt) < SizesAge)
                return _sizes;
            _sizes = _store.ReadTermIndexes();
            _sizesAt = _time.GetTimestamp();
            return _sizes;
        }
    }

    private IEnumerable<Measurement<double>> Observe() => _store.ListMeasuredRecalls(MaxSeries).Select(
        recall => new Measurement<double>(
            recall.Recall,
            new KeyValuePair<string, object?>("workspace_uid", recall.Slice.WorkspaceUid.ToString()),
            new KeyValuePair<string, object?>("partition", recall.Slice.Partition),
            new KeyValuePair<string, object?>("space", recall.Space)));
}
