namespace NATS.Client.Core.Connecting;

/// <summary>How long to wait between rounds: doubles up to a maximum, with a random part so that clients spread.</summary>
internal static class Backoff
{
    /// <summary>The wait after <paramref name="failedRounds"/> rounds (from 1); <paramref name="random"/> is 0…1.</summary>
    public static TimeSpan After(int failedRounds, NatsOpts opts, double random)
    {
        // 2^30 times any useful minimum is beyond any useful maximum, and does not overflow.
        var factor = 1L << Math.Clamp(failedRounds - 1, 0, 30);
        var most = TimeSpan.FromTicks(Math.Max(opts.ReconnectWaitMin.Ticks, opts.ReconnectWaitMax.Ticks));
        var wait = opts.ReconnectWaitMin.Ticks > most.Ticks / factor ? most : opts.ReconnectWaitMin * factor;
        return wait + (opts.ReconnectJitter * random);
    }
}
