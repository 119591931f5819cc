using Rag.Load.Measuring;
using Rag.Load.Scenarios;

namespace Rag.Load.Running;

/// <summary>What one step came to.</summary>
internal sealed record StepResult
{
    public required StepSpec Step { get; init; }

    /// <summary>By name of the traffic.</summary>
    public required IReadOnlyList<TrafficResult> Traffic { get; init; }

    /// <summary>Memory of a server on this machine at the end.</summary>
    public double? ServerMib { get; init; }

    /// <summary>Cores that it used on average.</summary>
    public double? ServerCores { get; init; }

    /// <summary>Cores that the load program used on average: what it takes from the server on one machine.</summary>
    public double LoadCores { get; init; }

    public double Offered => Traffic.Sum(one => one.OfferedPerSecond);

    public double Achieved => Traffic.Sum(one => one.AchievedPerSecond);

    public long Errors => Traffic.Sum(one => one.Count.Failed);

    /// <summary>Why the step missed the objective; empty if it met it.</summary>
    public required IReadOnlyList<string> Missed { get; init; }

    public bool IsMet => Missed.Count == 0;
}

/// <summary>What became of one kind of traffic in a step.</summary>
internal sealed record TrafficResult(string Name, TrafficCount Count, double Seconds, double? Recall)
{
    public double OfferedPerSecond => Count.Offered / Seconds;

    public double AchievedPerSecond => Count.AnsweredInTime / Seconds;

    public double PercentileMs(double share) => Count.Latencies.Percentile(share).TotalMilliseconds;
}
