using System.Diagnostics;
using Rag.Cli.Bench;
using Rag.Load.Measuring;
using Rag.Load.Scenarios;

namespace Rag.Load.Driving;

/// <summary>
/// Sends one kind of traffic. Open loop: each operation at its moment, whatever became of those before; its latency counts
/// from that moment, so a server that stands still is seen by all that should have been answered meanwhile.
/// </summary>
internal sealed class TrafficDriver(TrafficSpec traffic, Operations operations, int seed)
{
    /// <summary>Operations under way; further ones fail at once, so that memory stays bounded when a server hangs.</summary>
    private const int MaxInFlight = 50_000;

    /// <summary>
    /// Above this rate what is due is looked for a thousand times a second, and sent together: waking for each operation
    /// would cost more than sending it. What is sent late by that counts from its moment all the same.
    /// </summary>
    private const double MostWakesPerSecond = 1000;

    private int _inFlight;

    public TrafficSpec Traffic => traffic;

    public bool IsReadOnly => operations.IsReadOnly;

    public Operations Operations => operations;

    public Task RunAsync(double fromRate, double toRate, double seconds, TrafficMeter meter, CancellationToken cancellationToken) =>
        traffic.Arrivals == ArrivalKind.Closed
            ? RunClosedAsync(traffic.Clients, seconds, meter, cancellationToken)
            : RunOpenAsync(new ArrivalSchedule(traffic.Arrivals, fromRate, toRate, seconds, new Random(seed)), meter, cancellationToken);

    /// <summary>Answers a second to callers that send when they have their answers, in place of the traffic's own arrivals.</summary>
    public async Task<double> MeasureAsync(int clients, double seconds, CancellationToken cancellationToken)
    {
        var meter = new TrafficMeter(Stopwatch.GetTimestamp(), seconds);
        await RunClosedAsync(clients, seconds, meter, cancellationToken);
        return meter.Read().AnsweredInTime / seconds;
    }

    private async Task RunOpenAsync(ArrivalSchedule schedule, TrafficMeter meter, CancellationToken cancellationToken)
    {
        meter.Offer(schedule.Expected);
        await Task.Factory.StartNew(() => Dispatch(schedule, meter, cancellationToken), cancellationToken,
            TaskCreationOptions.LongRunning, TaskScheduler.Default);
        // What is under way has its own time-out; the clock of the step has stopped.
        var patience = Stopwatch.StartNew();
        while (Volatile.Read(ref _inFlight) + (operations.Posted?.UnderWay ?? 0) > 0
            && patience.ElapsedMilliseconds < traffic.TimeoutMs + 5000)
            await Task.Delay(5, cancellationToken);
    }

    private void Dispatch(ArrivalSchedule schedule, TrafficMeter meter, CancellationToken cancellationToken)
    {
        PreciseSleep.PrepareThread();
        var random = new Random(seed + 1);
        var leastGap = schedule.Expected / meter.Seconds > MostWakesPerSecond ? Stopwatch.Frequency / (long)MostWakesPerSecond : 0;
        var now = 0L;
        while (schedule.Next() is { } at && !cancellationToken.IsCancellationRequested)
        {
            var due = ArrivalSchedule.ToTimestamp(meter.Began, at);
            if (due > now && due > (now = Stopwatch.GetTimestamp()))
            {
                operations.Posted?.Flush();
                PreciseSleep.Until(Math.Max(due, now + leastGap));
                now = Stopwatch.GetTimestamp();
            }

            if (operations.Posted is { } posted)
                posted.Post(operations.Next(random), due, meter);
            else
                Start(operations.Next(random), due, meter, cancellationToken);
        }

        operations.Posted?.Flush();
    }

    private void Start(Operation operation, long due, TrafficMeter meter, CancellationToken cancellationToken)
    {
        if (Volatile.Read(ref _inFlight) >= MaxInFlight)
        {
            meter.Fail(due, "not sent: too many under way", $"{MaxInFlight:N0} operations wait for their answers.");
            return;
        }

        Interlocked.Increment(ref _inFlight);
        _ = RunOneAsync(operation, due, meter, cancellationToken);
    }

    private async Task RunOneAsync(Operation operation, long due, TrafficMeter meter, CancellationToken cancellationToken)
    {
        try
        {
            await operations.RunAsync(operation, meter, cancellationToken);
            meter.Succeed(due);
        }
        catch (Exception failure)
        {
            if (!cancellationToken.IsCancellationRequested)
                meter.Fail(due, failure);
        }
        finally
        {
            Interlocked.Decrement(ref _inFlight);
        }
    }

    private async Task RunClosedAsync(int clients, double seconds, TrafficMeter meter, CancellationToken cancellationToken)
    {
        var ends = ArrivalSchedule.ToTimestamp(meter.Began, seconds);
        await Task.WhenAll(Enumerable.Range(0, clients).Select(client => Task.Run(async () =>
        {
            var random = new Random(seed + 17 * client);
            while (Stopwatch.GetTimestamp() < ends && !cancellationToken.IsCancellationRequested)
            {
                meter.Offer(1);
                Interlocked.Increment(ref _inFlight);
                await RunOneAsync(operations.Next(random), Stopwatch.GetTimestamp(), meter, cancellationToken);
            }
        }, cancellationToken)));
    }
}
