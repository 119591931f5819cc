using System.Globalization;
using Rag.Load.Scenarios;

namespace Rag.Load.Running;

/// <summary>What a check of a scenario came to.</summary>
/// <param name="Value">The figure; null where a step has nothing to compare.</param>
internal sealed record CheckResult(CheckSpec Check, double? Value)
{
    public bool IsMet => Value is { } value && !(value > Check.AtMost) && !(value < Check.AtLeast);

    public string Text => string.Create(
        CultureInfo.InvariantCulture,
        $"{(IsMet ? "met" : "missed")}: {Name}{(Check.Traffic.Length > 0 ? $" of {Check.Traffic}" : "")} "
        + $"{(Value is { } value ? value.ToString("0.###", CultureInfo.InvariantCulture) : "not known")}"
        + $"{(Check.AtMost is { } most ? $", at most {most:0.###}" : "")}{(Check.AtLeast is { } least ? $", at least {least:0.###}" : "")}");

    public string Name => Check.Kind switch
    {
        CheckKind.P99Ratio => "p99 ratio",
        CheckKind.GoodputOfPeak => "goodput of peak",
        CheckKind.RecoverySeconds => "seconds to recover",
        CheckKind.MemoryGrowthMib => "memory growth, MiB",
        CheckKind.RecallLoss => "recall lost",
        _ => "other errors",
    };
}
