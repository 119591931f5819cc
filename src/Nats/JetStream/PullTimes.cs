namespace NATS.Client.JetStream;

/// <summary>The times of a pull request.</summary>
/// <param name="Expires">How long the server waits for messages.</param>
/// <param name="Heartbeat">How often it says so; zero is never.</param>
/// <param name="Silence">After which the client takes it for gone.</param>
internal readonly record struct PullTimes(TimeSpan Expires, TimeSpan Heartbeat, TimeSpan Silence)
{
    private static readonly TimeSpan DefaultExpires = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan MostHeartbeat = TimeSpan.FromSeconds(5);

    /// <summary>Shorter requests get no heartbeat unless asked for: their own end tells as much.</summary>
    private static readonly TimeSpan LeastForHeartbeat = TimeSpan.FromSeconds(2);

    /// <summary>For the way, and for a machine that is busy.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(1);

    /// <exception cref="ArgumentException">The server would refuse them.</exception>
    public static PullTimes Of(TimeSpan? expires, TimeSpan? heartbeat)
    {
        var wait = expires ?? DefaultExpires;
        if (wait <= TimeSpan.Zero)
            throw new ArgumentException("Expires must be greater than 0.", nameof(expires));
        if (heartbeat is { } asked && (asked < TimeSpan.FromMilliseconds(100) || asked > wait / 2))
            throw new ArgumentException("IdleHeartbeat must be at least 100 ms and at most half of Expires.", nameof(heartbeat));
        var beat = heartbeat ?? (wait < LeastForHeartbeat ? TimeSpan.Zero : wait / 2 < MostHeartbeat ? wait / 2 : MostHeartbeat);
        return new PullTimes(wait, beat, (beat == TimeSpan.Zero ? wait : beat * 2) + Grace);
    }
}
