namespace Rag.Router.Shards;

/// <summary>How long a call may take, and what stops it.</summary>
/// <param name="Deadline">UTC.</param>
/// <param name="Token">Fires when the caller gives up.</param>
internal readonly record struct CallScope(DateTime Deadline, CancellationToken Token)
{
    public TimeSpan Remaining => Deadline - DateTime.UtcNow;

    /// <summary>
    /// The same with an earlier deadline, so that after a part has run out of time some is left to answer with the
    /// rest: a tenth of it, at most 100 ms.
    /// </summary>
    public CallScope WithReserve()
    {
        var reserve = TimeSpan.FromTicks(Math.Clamp(Remaining.Ticks / 10, 0, TimeSpan.TicksPerMillisecond * 100));
        return this with { Deadline = Deadline - reserve };
    }
}
