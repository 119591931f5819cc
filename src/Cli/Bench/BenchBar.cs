using System.Globalization;

namespace Rag.Cli.Bench;

/// <summary>A figure with the limit that it has to keep.</summary>
/// <param name="Name">What is measured, with its unit.</param>
/// <param name="Value">What was measured.</param>
/// <param name="Limit">The most that is allowed.</param>
public sealed record BenchBar(string Name, double Value, double Limit)
{
    /// <summary>Whether the limit is kept.</summary>
    public bool Met => Value <= Limit;

    internal string ToText() => string.Create(CultureInfo.InvariantCulture,
        $"  {(Met ? "met   " : "MISSED")}   {Name}: {Value:0.####}, at most {Limit:0.####}");
}
