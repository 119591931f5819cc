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

    private readonly ShardStore _store;
    private readonly Meter _meter = new(MeterName);

    private readonly Counter<long> _recoveries;

    public ShardMetrics(ShardStore store)
    {
        _store = store;
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
        var (text, sparse) = _store.ReadTermIndexes();
        return
        [
            new Measurement<long>(figure(text), new KeyValuePair<string, object?>("index", "text")),
            new Measurement<long>(figure(sparse), new KeyValuePair<string, object?>("index", "sparse")),
        ];
    }

    private IEnumerable<Measurement<double>> Observe() => _store.ListMeasuredRecalls(MaxSeries).Select(
        recall => new Measurement<double>(
            recall.Recall,
            new KeyValuePair<string, object?>("workspace_uid", recall.Slice.WorkspaceUid.ToString()),
            new KeyValuePair<string, object?>("partition", recall.Slice.Partition),
            new KeyValuePair<string, object?>("space", recall.Space)));
}
