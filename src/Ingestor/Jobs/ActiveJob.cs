using System.Diagnostics;
using Rag.Metadata;

namespace Rag.Ingestor.Jobs;

/// <summary>One claimed job while it is worked on. Thread-safe.</summary>
internal sealed class ActiveJob : IDisposable
{
    private readonly CancellationTokenSource _stop;
    private long _chunks;
    private long _written;
    private int _state = (int)JobState.Extracting;
    private volatile bool _isLost;

    public ActiveJob(JobRecord record, long now, CancellationToken stopping)
    {
        Record = record;
        Started = Stopwatch.GetTimestamp();
        RenewedAt = now;
        _stop = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        Token = _stop.Token;
    }

    public JobRecord Record { get; }

    /// <summary>Ends the work: the process stops, or the job is not this worker's any more.</summary>
    public CancellationToken Token { get; }

    /// <summary>True once the job was cancelled or taken over; then nothing of it may be changed any more.</summary>
    public bool IsLost => _isLost;

    public long Started { get; }

    /// <summary>Timestamp of the clock at the last renewal. Only the lease keeper changes it.</summary>
    public long RenewedAt { get; set; }

    /// <summary>What was reported last. Only the lease keeper changes it.</summary>
    public JobProgress Reported { get; set; } = new(JobState.Extracting, 0, 0);

    public JobProgress Progress =>
        new((JobState)Volatile.Read(ref _state), Interlocked.Read(ref _chunks), Interlocked.Read(ref _written));

    public void Made(int chunks) => Interlocked.Add(ref _chunks, chunks);

    public void Wrote(int chunks) => Interlocked.Add(ref _written, chunks);

    public void Enter(JobState state) => Volatile.Write(ref _state, (int)state);

    public void Lose()
    {
        _isLost = true;
        try
        {
            _stop.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It ended at the same moment.
        }
    }

    public void Dispose() => _stop.Dispose();
}
