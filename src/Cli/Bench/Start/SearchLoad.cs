using System.Diagnostics;

namespace Rag.Cli.Bench.Start;

/// <summary>
/// Searches at a fixed rate whatever the answers take: each has its moment, and its latency counts from then, so a stall
/// is seen by all that should have begun in it. Or, to find out what the machine can do, as fast as they go.
/// </summary>
internal sealed class SearchLoad(int threads, Action<int> search)
{
    /// <summary>Searches that end in a second when as many threads as the machine has cores do nothing else.</summary>
    public double Capacity(TimeSpan duration, CancellationToken cancellation)
    {
        var done = 0L;
        var ends = Stopwatch.GetTimestamp() + (long)(duration.TotalSeconds * Stopwatch.Frequency);
        RunThreads(Environment.ProcessorCount, thread =>
        {
            var count = 0;
            for (; Stopwatch.GetTimestamp() < ends && !cancellation.IsCancellationRequested; count++)
                search(thread * 7919 + count);
            Interlocked.Add(ref done, count);
        });
        return done / duration.TotalSeconds;
    }

    /// <summary>Latencies of searches at a rate.</summary>
    public LatencyHistogram Run(double perSecond, TimeSpan duration, CancellationToken cancellation)
    {
        var total = (int)Math.Max(1, perSecond * duration.TotalSeconds);
        var interval = Stopwatch.Frequency / perSecond;
        var begins = Stopwatch.GetTimestamp() + Stopwatch.Frequency / 100;
        var next = -1;
        var all = new LatencyHistogram();
        RunThreads(threads, _ =>
        {
            PreciseSleep.PrepareThread();
            var own = new LatencyHistogram();
            for (var i = Interlocked.Increment(ref next); i < total; i = Interlocked.Increment(ref next))
            {
                if (cancellation.IsCancellationRequested)
                    break;
                var due = begins + (long)(i * interval);
                PreciseSleep.Until(due);
                search(i);
                own.Add(Stopwatch.GetElapsedTime(due));
            }

            lock (all)
                all.Add(own);
        });
        cancellation.ThrowIfCancellationRequested();
        return all;
    }

    private static void RunThreads(int count, Action<int> body)
    {
        Exception? failure = null;
        var running = Enumerable.Range(0, count).Select(i =>
        {
            var thread = new Thread(() =>
            {
                try
                {
                    body(i);
                }
                catch (Exception exception)
                {
                    Volatile.Write(ref failure, exception);
                }
            }) { IsBackground = true, Name = "bench search load" };
            thread.Start();
            return thread;
        }).ToList();
        running.ForEach(thread => thread.Join());
        if (failure is not null)
            throw new InvalidOperationException($"A search failed: {failure.Message}", failure);
    }
}
