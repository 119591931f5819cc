using Rag.Cli.Bench;
using Rag.Load.Running;
using Rag.Load.Scenarios;

namespace Rag.Load.Reports;

/// <summary>What a scenario came to.</summary>
internal sealed class LoadReport(
    Scenario scenario, IReadOnlyList<StepResult> steps, Uri address, double? startSeconds, FirstSearchResult? first = null)
{
    public Scenario Scenario => scenario;

    public IReadOnlyList<StepResult> Steps => steps;

    public Uri Address => address;

    /// <summary>Seconds until a server of our own could be called.</summary>
    public double? StartSeconds => startSeconds;

    /// <summary>What the server could do before the steps; null where it was not measured.</summary>
    public double? Peak { get; init; }

    public IReadOnlyList<CheckResult> Checks { get; init; } = [];

    /// <summary>The first search of each workspace after a start; null if the scenario wants none.</summary>
    public FirstSearchResult? First => first;

    public string Machine { get; } = BenchMachine.Describe();

    public DateTime Time { get; } = DateTime.UtcNow;

    /// <summary>The step of the highest rate that met its objective; if none did, the last one.</summary>
    public StepResult Best => steps.Where(step => step.IsMet).MaxBy(step => step.Achieved) ?? steps[^1];

    public bool IsMet => (scenario.Search is not null ? steps.Any(step => step.IsMet) : steps.All(step => step.IsMet))
        && Checks.All(check => check.IsMet);
}
