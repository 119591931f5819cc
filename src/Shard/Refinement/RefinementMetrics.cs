using System.Diagnostics.Metrics;

namespace Rag.Shard.Refinement;

/// <summary>The meter "Rag.Refinement": what is refined in the background. Thread-safe.</summary>
internal sealed class RefinementMetrics : IDisposable
{
    public const string MeterName = "Rag.Refinement";

    private readonly Meter _meter = new(MeterName);
    private readonly Counter<long> _chunks;
    private readonly Histogram<double> _seconds;

    public RefinementMetrics(RefinementLedger ledger)
    {
        _chunks = _meter.CreateCounter<long>(
            "rag.refinement.chunks", "{chunk}", "Chunks embedded in the background: refined, or changed meanwhile.");
        _seconds = _meter.CreateHistogram<double>("rag.refinement.batch.duration", "s", "Time to embed a batch.");
        _meter.CreateObservableGauge("rag.refinement.pending", () => ledger.Pending, "{chunk}", "Chunks that wait.");
    }

    public void Count(int refined, int overtaken, TimeSpan embedding)
    {
        _chunks.Add(refined, new KeyValuePair<string, object?>("result", "refined"));
        if (overtaken > 0)
            _chunks.Add(overtaken, new KeyValuePair<string, object?>("result", "overtaken"));
        _seconds.Record(embedding.TotalSeconds);
    }

    public void Dispose() => _meter.Dispose();
}
