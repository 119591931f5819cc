using System.Diagnostics;
using System.Diagnostics.Metrics;
using Grpc.Core;

namespace Rag.Router;

/// <summary>All instruments of the meter "Rag.Router". Thread-safe.</summary>
internal sealed class RouterMetrics : IDisposable
{
    public const string MeterName = "Rag.Router";

    private readonly Meter _meter;
    private readonly Histogram<double> _duration;
    private readonly UpDownCounter<long> _active;
    private readonly Counter<long> _refused;
    private readonly Counter<long> _retries;
    private readonly Counter<long> _missing;
    private readonly Counter<long> _jobs;
    private readonly Counter<long> _uploaded;
    private readonly Counter<long> _published;
    private readonly Counter<long> _atOnce;

    public RouterMetrics(IMeterFactory factory)
    {
        _meter = factory.Create(MeterName);
        _duration = _meter.CreateHistogram<double>(
            "rag.router.call.duration", "s", "Time from a call's arrival to its answer");
        _active = _meter.CreateUpDownCounter<long>("rag.router.active_calls", "{call}", "Calls being served");
        _refused = _meter.CreateCounter<long>(
            "rag.router.overload", "{call}", "Calls refused because too many were active");
        _retries = _meter.CreateCounter<long>(
            "rag.router.shard.retries", "{call}", "Calls to shards that were repeated");
        _missing = _meter.CreateCounter<long>(
            "rag.router.missing_partitions", "{partition}", "Partitions left out of partial answers");
        _jobs = _meter.CreateCounter<long>("rag.router.jobs", "{job}", "Ingestion jobs queued");
        _uploaded = _meter.CreateCounter<long>("rag.router.uploaded", "By", "Bytes of files taken in");
        _atOnce = _meter.CreateCounter<long>(
            "rag.router.searches_at_once", "{search}", "Searches answered as bytes, on the thread that read them");
        _published = _meter.CreateCounter<long>(
            "rag.router.published", "{message}", "Documents published to NATS, by result of a delivery");
    }

    public void CallStarted() => _active.Add(1);

    public void CallEnded(string method, StatusCode status, long started)
    {
        _active.Add(-1);
        if (_duration.Enabled)
        {
            _duration.Record(
                Stopwatch.GetElapsedTime(started).TotalSeconds,
                new KeyValuePair<string, object?>("rpc.method", method),
                new KeyValuePair<string, object?>("rpc.grpc.status_code", (int)status));
        }
    }

    public void Overloaded() => _refused.Add(1);

    public void Retried(string reason) => _retries.Add(1, new KeyValuePair<string, object?>("reason", reason));

    public void Missing(int partitions) => _missing.Add(partitions);

    public void JobQueued(long bytes)
    {
        _jobs.Add(1);
        _uploaded.Add(bytes);
    }

    public void AnsweredAtOnce() => _atOnce.Add(1);

    public void Published(string result) => _published.Add(1, new KeyValuePair<string, object?>("result", result));

    public void Dispose() => _meter.Dispose();
}
