namespace Rag.Ingestor.Jobs;

/// <summary>
/// Pauses between tries: doubling, with a limit, and random in their upper half so that nobody keeps step.
/// </summary>
internal static class Backoff
{
    /// <param name="first">Pause after the first try.</param>
    /// <param name="tries">Tries so far, from 1.</param>
    /// <param name="longest">Limit of the pause.</param>
    public static TimeSpan Jittered(TimeSpan first, int tries, TimeSpan longest)
    {
        var doubled = first.TotalMilliseconds * Math.Pow(2, Math.Clamp(tries - 1, 0, 30));
        var pause = Math.Min(doubled, longest.TotalMilliseconds);
        return TimeSpan.FromMilliseconds(pause * (0.5 + (Random.Shared.NextDouble() / 2)));
    }
}
