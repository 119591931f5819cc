using System.Diagnostics;

namespace Rag.Testing;

/// <summary>Polls a condition with a deadline, so that no test sleeps for a guessed time.</summary>
public static class Eventually
{
    /// <summary>Returns when <paramref name="condition"/> holds; throws after <paramref name="deadline"/> (30 s).</summary>
    public static async Task HoldsAsync(Func<Task<bool>> condition, string what, TimeSpan? deadline = null)
    {
        var limit = deadline ?? TimeSpan.FromSeconds(30);
        var watch = Stopwatch.StartNew();
        while (!await condition())
        {
            if (watch.Elapsed > limit)
                throw new TimeoutException($"Not within {limit.TotalSeconds:0} s: {what}");
            await Task.Delay(20);
        }
    }

    /// <summary>Returns when <paramref name="condition"/> holds; throws after <paramref name="deadline"/>.</summary>
    /// <param name="condition">Asked every 20 ms.</param>
    /// <param name="what">Asked when the time is over: tells with what is known by then.</param>
    /// <param name="deadline">How long it may take.</param>
    public static async Task HoldsAsync(Func<bool> condition, Func<string> what, TimeSpan deadline)
    {
        try
        {
            await HoldsAsync(condition, "", deadline);
        }
        catch (TimeoutException late)
        {
            throw new TimeoutException(late.Message + what());
        }
    }

    /// <inheritdoc cref="HoldsAsync(Func{Task{bool}}, string, TimeSpan?)"/>
    public static Task HoldsAsync(Func<bool> condition, string what, TimeSpan? deadline = null) =>
        HoldsAsync(() => Task.FromResult(condition()), what, deadline);
}
