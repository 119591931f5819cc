using Grpc.Core;

namespace Grpc.Net.Client;

/// <summary>Ends a call at its deadline, or when its caller or its channel gives it up. Thread-safe.</summary>
internal sealed class CallGuard : IDisposable
{
    private readonly Lock _gate = new();
    private DeadlineTimer? _timer;
    private CancellationTokenRegistration _caller;
    private CancellationTokenRegistration _served;
    private CancellationTokenRegistration _channel;
    private DateTime? _deadline;
    private bool _disposed;

    public static Status DeadlineExceeded { get; } = new(StatusCode.DeadlineExceeded, "The deadline passed.");

    /// <summary>The deadline in UTC, or null.</summary>
    public DateTime? Deadline => _deadline;

    /// <summary>Time left, or null without a deadline.</summary>
    public TimeSpan? Remaining => _deadline is { } deadline ? deadline - DateTime.UtcNow : null;

    public bool IsPastDeadline => Remaining <= TimeSpan.Zero;

    public void Start(CallOptions options, CancellationToken channelShutdown, Action<Status> end)
    {
        var served = options.PropagationToken;
        _deadline = Earlier(options.Deadline?.ToUniversalTime(), served?.Deadline);
        if (options.CancellationToken.IsCancellationRequested)
        {
            end(new Status(StatusCode.Cancelled, "The call was cancelled before it started."));
            return;
        }

        if (IsPastDeadline)
        {
            end(DeadlineExceeded);
            return;
        }

        var timer = Remaining is { } remaining ? DeadlineTimer.Start(remaining, () => end(DeadlineExceeded)) : null;
        var caller = Register(options.CancellationToken, StatusCode.Cancelled, "The caller cancelled the call.", end);
        var serving = Register(served?.CancellationToken ?? default, StatusCode.Cancelled,
            "The call that this one serves was cancelled.", end);
        var channel = Register(channelShutdown, StatusCode.Unavailable, "The channel was shut down.", end);
        lock (_gate)
        {
            (_timer, _caller, _served, _channel) = (timer, caller, serving, channel);
            if (!_disposed)
                return;
        }

        Dispose();
    }

    public void Dispose()
    {
        lock (_gate)
            _disposed = true;
        _timer?.Dispose();
        // Unregister, not Dispose: this may run inside one of the callbacks.
        _caller.Unregister();
        _served.Unregister();
        _channel.Unregister();
    }

    private static CancellationTokenRegistration Register(
        CancellationToken token, StatusCode code, string reason, Action<Status> end) => token.CanBeCanceled
        ? token.UnsafeRegister(_ => end(new Status(code, reason)), null)
        : default;

    private static DateTime? Earlier(DateTime? a, DateTime? b)
    {
        if (a is null || b is null)
            return Unlimited(a ?? b);
        return Unlimited(a < b ? a : b);
    }

    private static DateTime? Unlimited(DateTime? deadline) =>
        deadline is null || deadline.Value.Ticks >= DateTime.MaxValue.Ticks - TimeSpan.TicksPerDay ? null : deadline;
}
