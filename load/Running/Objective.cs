using System.Globalization;
using Rag.Load.Scenarios;

namespace Rag.Load.Running;

/// <summary>Judges a step.</summary>
internal static class Objective
{
    public static List<string> Missed(ObjectiveSpec objective, IEnumerable<TrafficResult> traffic)
    {
        var missed = new List<string>();
        foreach (var one in traffic)
        {
            var operations = one.Count.Answered + one.Count.Failed;
            if (one.Count.Offered < 1)
                continue;
            if (objective.P95Ms is { } p95 && one.PercentileMs(0.95) > p95)
                missed.Add(Text($"{one.Name}: p95 {one.PercentileMs(0.95):0.0} ms, at most {p95:0.#}"));
            if (objective.P99Ms is { } p99 && one.PercentileMs(0.99) > p99)
                missed.Add(Text($"{one.Name}: p99 {one.PercentileMs(0.99):0.0} ms, at most {p99:0.#}"));
            if (one.Count.Failed > objective.MaxErrorShare * Math.Max(1, operations))
                missed.Add(Text($"{one.Name}: {one.Count.Failed:N0} of {operations:N0} failed"));
            if (one.AchievedPerSecond < objective.MinAchievedShare * one.OfferedPerSecond)
                missed.Add(Text($"{one.Name}: {one.AchievedPerSecond:N0} of {one.OfferedPerSecond:N0} a second"));
            if (objective.MinRecall is { } recall && one.Recall < recall)
                missed.Add(Text($"{one.Name}: recall {one.Recall:0.000}, at least {recall:0.###}"));
        }

        return missed;
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
