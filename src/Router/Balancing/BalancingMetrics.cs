using System.Diagnostics.Metrics;

namespace Rag.Router.Balancing;

/// <summary>All instruments of the meter "Rag.Router.Shards". Thread-safe.</summary>
internal sealed class BalancingMetrics : IDisposable
{
    public const string MeterName = "Rag.Router.Shards";

    private readonly Meter _meter;
    private readonly Counter<long> _hedges;
    private readonly Counter<long> _attempts;
    private readonly Counter<long> _denied;

    public BalancingMetrics(IMeterFactory factory, ShardStates states)
    {
        _meter = factory.Create(MeterName);
        _hedges = _meter.CreateCounter<long>(
            "rag.router.shard.hedges", "{call}", "Second requests to another replica, by their result");
        _attempts = _meter.CreateCounter<long>(
            "rag.router.shard.repeated", "{call}", "Calls that were repeated at a replica, by the reason");
        _denied = _meter.CreateCounter<long>(
            "rag.router.shard.denied", "{call}", "Repetitions and second requests left out, by the reason");
        _meter.CreateObservableGauge(
            "rag.router.shard.outstanding", () => states.All.Select(static state =>
                new Measurement<int>(state.Outstanding, new KeyValuePair<string, object?>("shard", state.Name))),
            "{call}", "Calls under way to a shard");
        _meter.CreateObservableGauge(
            "rag.router.shard.breaker", () => states.All.Select(static state =>
                new Measurement<int>((int)state.Breaker.State, new KeyValuePair<string, object?>("shard", state.Name))),
            "{state}", "0 closed, 1 half-open, 2 open");
        _meter.CreateObservableGauge(
            "rag.router.shard.health", () => states.All.Select(static state =>
                new Measurement<int>((int)state.Health, new KeyValuePair<string, object?>("shard", state.Name))),
            "{state}", "0 serving, 1 not serving, 2 lost");
    }

    /// <param name="result">"won": the second answer was first; "lost": it was not.</param>
    public void Hedged(string result) => _hedges.Add(1, new KeyValuePair<string, object?>("result", result));

    public void Repeated(string reason) => _attempts.Add(1, new KeyValuePair<string, object?>("reason", reason));

    public void Denied(string reason) => _denied.Add(1, new KeyValuePair<string, object?>("reason", reason));

    public void Dispose() => _meter.Dispose();
}
