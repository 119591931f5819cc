using System.Globalization;

namespace Rag.Cli.Bench;

/// <summary>A histogram in a few figures.</summary>
public sealed record LatencySummary
{
    /// <summary>Durations recorded.</summary>
    public required long Count { get; init; }

    /// <summary>Median, microseconds.</summary>
    public required double P50Us { get; init; }

    /// <summary>99th percentile, microseconds.</summary>
    public required double P99Us { get; init; }

    /// <summary>99.9th percentile, microseconds.</summary>
    public required double P999Us { get; init; }

    /// <summary>The longest, milliseconds.</summary>
    public required double MaxMs { get; init; }

    /// <summary>The longest in processor time of its own thread, milliseconds: what the machine's other work took
    /// is not in it.</summary>
    public double? MaxCpuMs { get; init; }

    internal static LatencySummary Of(LatencyHistogram histogram, TimeSpan? maxCpu = null) => new()
    {
        Count = histogram.Count,
        P50Us = Math.Round(histogram.Percentile(0.5).TotalMicroseconds, 1),
        P99Us = Math.Round(histogram.Percentile(0.99).TotalMicroseconds, 1),
        P999Us = Math.Round(histogram.Percentile(0.999).TotalMicroseconds, 1),
        MaxMs = Math.Round(histogram.Max.TotalMilliseconds, 3),
        MaxCpuMs = maxCpu is { } cpu ? Math.Round(cpu.TotalMilliseconds, 3) : null,
    };

    internal string ToText() => string.Create(CultureInfo.InvariantCulture,
        $"{Count,9:N0}   {P50Us,9:N0}   {P99Us,9:N0}   {P999Us,9:N0}   {MaxMs,8:0.0}   {MaxCpuMs,8:0.0}");
}
