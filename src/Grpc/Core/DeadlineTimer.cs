using System.Diagnostics;

namespace Grpc.Core;

/// <summary>
/// Calls back once when a deadline has passed, never before it; also for deadlines beyond the 49 days that a timer
/// can hold. Thread-safe.
/// </summary>
internal sealed class DeadlineTimer : IDisposable
{
    private const long MaxDueMs = uint.MaxValue - 1;

    private readonly Action _onDeadline;
    private readonly long _startedAt = Stopwatch.GetTimestamp();
    private readonly TimeSpan _remaining;
    private readonly Timer _timer;

    private DeadlineTimer(TimeSpan remaining, Action onDeadline)
    {
        _onDeadline = onDeadline;
        _remaining = remaining;
        _timer = new Timer(static state => ((DeadlineTimer)state!).OnTimer(), this, Timeout.Infinite, Timeout.Infinite);
    }

    /// <summary>Starts a timer; the callback runs on the thread pool.</summary>
    public static DeadlineTimer Start(TimeSpan remaining, Action onDeadline)
    {
        // The caller's execution context must not stay alive for as long as the deadline.
        var flow = ExecutionContext.IsFlowSuppressed() ? default(AsyncFlowControl?) : ExecutionContext.SuppressFlow();
        try
        {
            var timer = new DeadlineTimer(remaining, onDeadline);
            timer.Arm();
            return timer;
        }
        finally
        {
            flow?.Dispose();
        }
    }

    public void Dispose() => _timer.Dispose();

    private TimeSpan Left => _remaining - Stopwatch.GetElapsedTime(_startedAt);

    private void Arm()
    {
        // Timers run on a coarse clock and may be some milliseconds early; then the rest is waited for again.
        var due = (long)Math.Clamp(Math.Ceiling(Left.TotalMilliseconds), 0, MaxDueMs);
        try
        {
            _timer.Change(due, Timeout.Infinite);
        }
        catch (ObjectDisposedException)
        {
            // The call ended while its timer was being armed again.
        }
    }

    private void OnTimer()
    {
        if (Left > TimeSpan.Zero)
            Arm();
        else
            _onDeadline();
    }
}
