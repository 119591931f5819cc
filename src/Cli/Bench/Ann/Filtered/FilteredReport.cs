using System.Globalization;
using Rag.Engine.Indexing;

namespace Rag.Cli.Bench.Ann.Filtered;

/// <summary>One filter: what searches behind it found, and how fast.</summary>
/// <param name="Kind">random, correlated or anticorrelated.</param>
/// <param name="Selectivity">Share of rows asked for.</param>
/// <param name="Accepted">Rows accepted.</param>
/// <param name="Recall">Share of the hits of an exact search behind the filter.</param>
/// <param name="Complete">Whether every search found k, or all that there are.</param>
/// <param name="Qps">Queries a second of one thread, the median of the passes.</param>
/// <param name="Ratio">The same as a share of the rate of the same queries without a filter, in alternation.</param>
/// <param name="Scans">Share of searches that compared with every accepted row.</param>
/// <param name="Walks">Share that walked the graph through all rows.</param>
/// <param name="FilteredWalks">Share that walked among accepted rows.</param>
internal sealed record FilteredResult(string Kind, double Selectivity, int Accepted, double Recall, bool Complete,
    double Qps, double Ratio, double Scans, double Walks, double FilteredWalks);

/// <summary>Recall that a target gives without a filter.</summary>
/// <param name="Target">What was asked for.</param>
/// <param name="Recall">What the queries got that the index had not been asked before.</param>
/// <param name="Measured">What the index itself says it gives.</param>
/// <param name="Qps">Queries a second of one thread.</param>
internal sealed record TargetResult(double Target, double Recall, double? Measured, double Qps);

/// <summary>The report for people.</summary>
internal static class FilteredTable
{
    public static void Write(IReadOnlyList<TargetResult> targets, IReadOnlyList<FilteredResult> filters, TextWriter output)
    {
        if (targets.Count > 0)
        {
            output.WriteLine();
            output.WriteLine($"{"recall asked for",-24}{"recall",10}{"it says",10}{"queries/s",12}");
            foreach (var target in targets)
            {
                output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"{target.Target,-24:0.000}{target.Recall,10:0.0000}{target.Measured,10:0.0000}{target.Qps,12:N0}"));
            }
        }

        if (filters.Count == 0)
            return;
        output.WriteLine();
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"filters, at a recall target of {SearchEffort.DefaultRecallTarget}"));
        output.WriteLine($"{"kind",-16}{"share",8}{"accepted",10}{"recall",10}{"k found",9}{"queries/s",12}{"of open",9}{"scan",7}{"walk",7}{"filtered",10}");
        foreach (var filter in filters)
        {
            output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{filter.Kind,-16}{filter.Selectivity,8:0.####}{filter.Accepted,10}{filter.Recall,10:0.0000}")
                + $"{(filter.Complete ? "always" : "not"),9}" + string.Create(CultureInfo.InvariantCulture,
                $"{filter.Qps,12:N0}{filter.Ratio,9:0.00}{filter.Scans,7:0.00}{filter.Walks,7:0.00}{filter.FilteredWalks,10:0.00}"));
        }
    }
}
