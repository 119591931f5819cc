using System.Globalization;

namespace Rag.Cli.Bench.Refine;

/// <summary>What refinement does to searches; the JSON keys are the names below in snake case.</summary>
public sealed record RefineReport
{
    /// <summary>The machine.</summary>
    public required string Cpu { get; init; }

    /// <summary>Chunks of the workspace.</summary>
    public required int Chunks { get; init; }

    /// <summary>Searches a second with every core, nothing beside them.</summary>
    public required double Capacity { get; init; }

    /// <summary>Searches a second in the windows.</summary>
    public required double Rate { get; init; }

    /// <summary>The windows.</summary>
    public required IReadOnlyList<RefineWindow> Windows { get; init; }

    /// <summary>Median of p99 with refinement over p99 without.</summary>
    public double RefinementRatio => Median(Windows.Select(window => window.WithP99Us / window.WithoutP99Us));

    /// <summary>Median of p99 without over p99 without just before: what the machine does by itself.</summary>
    public double ControlRatio => Median(Windows.Select(window => window.WithoutP99Us / window.ControlP99Us));

    /// <summary>Chunks refined a second beside the searches, median.</summary>
    public double RefinedPerSecond => Median(Windows.Select(window => window.RefinedPerSecond));

    /// <summary>The limits, and whether they are kept.</summary>
    public IReadOnlyList<BenchBar> Bars =>
    [
        new("search p99 while refining of p99 without", RefinementRatio, 1.3),
        new("windows in which nothing was refined", Windows.Count(window => window.RefinedPerSecond <= 0), 0),
    ];

    /// <summary>The report for people.</summary>
    public void WriteText(TextWriter output)
    {
        var culture = CultureInfo.InvariantCulture;
        output.WriteLine(Cpu);
        output.WriteLine(string.Create(culture,
            $"{Chunks:N0} chunks, {Rate:N0} searches/s ({Capacity:N0} with every core); p99 in µs:"));
        output.WriteLine("  without   without   refining   ratio   refined/s   p50 without   p50 refining");
        foreach (var window in Windows)
        {
            output.WriteLine(string.Create(culture,
                $"  {window.ControlP99Us,7:0}   {window.WithoutP99Us,7:0}   {window.WithP99Us,8:0}   "
                + $"{window.WithP99Us / window.WithoutP99Us,5:0.00}   {window.RefinedPerSecond,9:0.0}   "
                + $"{window.WithoutP50Us,11:0}   {window.WithP50Us,12:0}"));
        }

        output.WriteLine(string.Create(culture,
            $"  median ratio {RefinementRatio:0.000}; of two windows without {ControlRatio:0.000}; "
            + $"{RefinedPerSecond:0.0} chunks/s refined"));
        foreach (var bar in Bars)
            output.WriteLine(bar.ToText());
    }

    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        return Math.Round((sorted[(sorted.Count - 1) / 2] + sorted[sorted.Count / 2]) / 2, 4);
    }
}

/// <summary>Three windows one after the other: twice without refinement, then with.</summary>
/// <param name="ControlP99Us">p99 of searches in the first, microseconds.</param>
/// <param name="WithoutP99Us">In the second.</param>
/// <param name="WithP99Us">In the third.</param>
/// <param name="RefinedPerSecond">Chunks refined a second in the third.</param>
/// <param name="WithoutP50Us">Median of searches in the second, microseconds.</param>
/// <param name="WithP50Us">In the third.</param>
public sealed record RefineWindow(
    double ControlP99Us, double WithoutP99Us, double WithP99Us, double RefinedPerSecond, double WithoutP50Us, double WithP50Us);
