namespace Rag.Router.Balancing;

/// <summary>How long to wait before trying again.</summary>
internal static class BackOff
{
    private const int MostDoublings = 6;

    /// <summary>Doubles with each try, less a random half of it, so that callers do not come back all at once.</summary>
    /// <param name="attempts">Tries so far.</param>
    public static TimeSpan Delay(TimeSpan first, int attempts)
    {
        var most = first * (1 << Math.Clamp(attempts - 1, 0, MostDoublings));
        return most * (0.5 + Random.Shared.NextDouble() / 2);
    }
}
