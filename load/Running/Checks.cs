using Rag.Load.Scenarios;

namespace Rag.Load.Running;

/// <summary>Compares steps of one run.</summary>
internal static class Checks
{
    private const string Refusal = "ResourceExhausted";

    /// <summary>Failures by operations of a second that has recovered.</summary>
    private const double RecoveredShare = 0.01;

    public static List<CheckResult> Run(Scenario scenario, IReadOnlyList<StepResult> steps, double? peak) =>
        scenario.Checks.ConvertAll(check => new CheckResult(check, Value(check, steps, peak)));

    private static double? Value(CheckSpec check, IReadOnlyList<StepResult> steps, double? peak)
    {
        double? Of(IReadOnlyList<int> numbers, Func<IReadOnlyList<TrafficResult>, StepResult, double?> figure) =>
            Median(numbers.Select(number => figure(
                [.. steps[number].Traffic.Where(one => check.Traffic.Length == 0 || one.Name == check.Traffic)], steps[number])));

        switch (check.Kind)
        {
            case CheckKind.P99Ratio:
                return Of(check.Steps, P99) / Of(check.Baseline, P99);
            case CheckKind.GoodputOfPeak:
                return Of(check.Steps, static (traffic, _) => traffic.Sum(one => one.AchievedPerSecond)) / peak;
            case CheckKind.RecoverySeconds:
                return Of(check.Steps, Recovery);
            case CheckKind.MemoryGrowthMib:
                return Of(check.Steps, static (_, step) => step.ServerMib) - Of(check.Baseline, static (_, step) => step.ServerMib);
            case CheckKind.RecallLoss:
                return Of(check.Baseline, Recall) - Of(check.Steps, Recall);
            default:
                return Of(check.Steps, OtherErrors);
        }
    }

    private static double? P99(IReadOnlyList<TrafficResult> traffic, StepResult step) =>
        traffic.Count == 0 ? null : traffic.Max(one => one.PercentileMs(0.99));

    private static double? Recall(IReadOnlyList<TrafficResult> traffic, StepResult step) => traffic.Min(one => one.Recall);

    private static double? OtherErrors(IReadOnlyList<TrafficResult> traffic, StepResult step)
    {
        var operations = traffic.Sum(one => one.Count.Answered + one.Count.Failed);
        var refused = traffic.Sum(one => one.Count.Errors.TryGetValue(Refusal, out var error) ? error.Count : 0);
        return operations == 0 ? null : (double)(traffic.Sum(one => one.Count.Failed) - refused) / operations;
    }

    // The last second that was not as it should be; that of what comes after the step's end does not count.
    private static double? Recovery(IReadOnlyList<TrafficResult> traffic, StepResult step)
    {
        for (var second = (int)step.Step.Seconds - 1; second >= 0; second--)
        {
            var failed = traffic.Sum(one => (long)one.Count.FailedBySecond[second]);
            var answered = traffic.Sum(one => (long)one.Count.AnsweredBySecond[second]);
            if (answered == 0 || failed > RecoveredShare * (failed + answered))
                return second + 1;
        }

        return 0;
    }

    private static double? Median(IEnumerable<double?> values)
    {
        var sorted = values.Order().ToList();
        if (sorted.Count == 0 || sorted.Exists(value => value is null))
            return null;
        var middle = sorted.Count / 2;
        return sorted.Count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }
}
