extern alias load;

using System.Collections.Concurrent;
using System.Diagnostics;
using load::Rag.Load.Driving;
using load::Rag.Load.Scenarios;
using Rag.Cli.Bench;

namespace Rag.Benchmarks;

/// <summary>
/// Makes queries at the moments of Poisson processes, whether earlier ones are answered or not, and takes each one's time
/// from the moment at which it was due: a server that stands still cannot hide it, nor can this program being late.
/// </summary>
internal static class OpenLoop
{
    /// <summary>Unanswered queries at which a run is given up: the rate is beyond what the server can do.</summary>
    private const int MostUnanswered = 2000;

    private static readonly TimeSpan LastAnswer = TimeSpan.FromSeconds(30);

    /// <param name="queries">What to make, and how many a second.</param>
    /// <param name="warmUp">The first part of the time, which is not counted.</param>
    /// <returns>Milliseconds of each query's calls, sorted.</returns>
    /// <exception cref="InvalidOperationException">A query failed, or answers stay away.</exception>
    public static async Task<double[][]> RunAsync(
        IReadOnlyList<(MetadataQuery Query, double Rate)> queries, TimeSpan warmUp, TimeSpan measured, int seed)
    {
        var arrivals = Arrivals(queries, (warmUp + measured).TotalSeconds, seed);
        var times = queries.Select(static _ => new ConcurrentBag<double>()).ToArray();
        var calls = new List<Task>(arrivals.Count);
        var unanswered = 0;
        Exception? failure = null;
        // A thread of its own: the pool's are busy with answers just when it matters.
        var sender = new Thread(() =>
        {
            PreciseSleep.PrepareThread();
            var began = Stopwatch.GetTimestamp();
            foreach (var (at, index) in arrivals)
            {
                var due = ArrivalSchedule.ToTimestamp(began, at);
                PreciseSleep.Until(due);
                if (failure is not null)
                    return;
                if (Interlocked.Increment(ref unanswered) > MostUnanswered)
                {
                    failure = new InvalidOperationException($"More than {MostUnanswered} queries are unanswered.");
                    return;
                }

                calls.Add(Task.Run(() => CallAsync(index, due, at)));
            }
        });
        sender.Start();
        await Task.Run(sender.Join);
        await Task.WhenAll(calls).WaitAsync(LastAnswer);
        if (failure is not null)
            throw new InvalidOperationException(failure.Message, failure);
        return [.. times.Select(static each => each.Order().ToArray())];

        async Task CallAsync(int index, long due, double at)
        {
            try
            {
                await queries[index].Query.RunAsync(new Random(HashCode.Combine(seed, due)));
                if (at >= warmUp.TotalSeconds)
                    times[index].Add(Stopwatch.GetElapsedTime(due).TotalMilliseconds);
            }
            catch (Exception failed)
            {
                failure ??= new InvalidOperationException($"{queries[index].Query.Name}: {failed.Message}", failed);
            }
            finally
            {
                Interlocked.Decrement(ref unanswered);
            }
        }
    }

    private static List<(double At, int Index)> Arrivals(
        IReadOnlyList<(MetadataQuery Query, double Rate)> queries, double seconds, int seed)
    {
        var random = new Random(seed);
        var arrivals = new List<(double At, int Index)>();
        for (var i = 0; i < queries.Count; i++)
        {
            var schedule = new ArrivalSchedule(ArrivalKind.Poisson, queries[i].Rate, queries[i].Rate, seconds, random);
            while (schedule.Next() is { } at)
                arrivals.Add((at, i));
        }

        arrivals.Sort();
        return arrivals;
    }
}
