using System.Diagnostics.Metrics;

namespace Rag.Ingestor;

/// <summary>The meter "Rag.Ingestor": what this process ingests. Thread-safe.</summary>
public sealed class IngestorMetrics : IDisposable
{
    /// <summary>Name of the meter.</summary>
    public const string MeterName = "Rag.Ingestor";

    private readonly Meter _meter = new(MeterName);
    private readonly Counter<long> _jobs;
    private readonly Counter<long> _chunks;
    private readonly Counter<long> _bytes;
    private readonly Histogram<double> _duration;
    private readonly UpDownCounter<long> _active;
    private readonly Counter<long> _dispatched;

    /// <summary>Starts the meter.</summary>
    public IngestorMetrics()
    {
        _jobs = _meter.CreateCounter<long>("rag.ingestor.jobs", "{job}", "Tries of jobs that ended, by result.");
        _chunks = _meter.CreateCounter<long>("rag.ingestor.chunks", "{chunk}", "Chunks written.");
        _bytes = _meter.CreateCounter<long>("rag.ingestor.read", "By", "Bytes of files read.");
        _duration = _meter.CreateHistogram<double>("rag.ingestor.job.duration", "s", "Time of one try of a job, by result.");
        _active = _meter.CreateUpDownCounter<long>("rag.ingestor.active_jobs", "{job}", "Jobs that are worked on.");
        _dispatched = _meter.CreateCounter<long>("rag.ingestor.dispatched", "{job}", "Jobs put into the lanes on NATS.");
    }

    /// <summary>Ends the meter.</summary>
    public void Dispose() => _meter.Dispose();

    internal void JobStarted() => _active.Add(1);

    internal void JobEnded(string result, TimeSpan elapsed)
    {
        var tag = new KeyValuePair<string, object?>("result", result);
        _active.Add(-1);
        _jobs.Add(1, tag);
        _duration.Record(elapsed.TotalSeconds, tag);
    }

    internal void Dispatched(int jobs) => _dispatched.Add(jobs);

    internal void Read(long bytes) => _bytes.Add(bytes);

    internal void Written(int chunks) => _chunks.Add(chunks);
}
