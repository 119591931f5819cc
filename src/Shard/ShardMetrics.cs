using System.Diagnostics.Metrics;
using Microsoft.Extensions.Hosting;
using Rag.Engine;

namespace Rag.Shard;

/// <summary>
/// The meter "Rag.Shard": recall as the indexes measure it. A series for each of the largest spaces of awake workspaces,
/// so that their number stays bounded. Thread-safe.
/// </summary>
internal sealed class ShardMetrics(ShardStore store) : IHostedService, IDisposable
{
    /// <summary>Name of the meter.</summary>
    public const string MeterName = "Rag.Shard";

    /// <summary>Series at most.</summary>
    private const int MaxSeries = 100;

    private readonly Meter _meter = new(MeterName);

    public Task StartAsync(CancellationToken cancellationToken)
    {
        _meter.CreateObservableGauge(
            "rag.shard.recall", Observe, "1", "Measured recall of the ten nearest at the default recall target.");
        return Task.CompletedTask;
    }

    // Before the store is closed.
    public Task StopAsync(CancellationToken cancellationToken)
    {
        _meter.Dispose();
        return Task.CompletedTask;
    }

    public void Dispose() => _meter.Dispose();

    private IEnumerable<Measurement<double>> Observe() => store.ListMeasuredRecalls(MaxSeries).Select(
        recall => new Measurement<double>(
            recall.Recall,
            new KeyValuePair<string, object?>("workspace_uid", recall.Slice.WorkspaceUid.ToString()),
            new KeyValuePair<string, object?>("partition", recall.Slice.Partition),
            new KeyValuePair<string, object?>("space", recall.Space)));
}
