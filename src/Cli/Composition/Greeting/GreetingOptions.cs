using Rag.Hosting.Agreement;

namespace Rag.Cli.Composition.Greeting;

/// <summary>What processes have to agree on: section <c>Greeting</c> of the options. Immutable.</summary>
internal sealed record GreetingOptions
{
    /// <summary>How far clocks of two processes may be apart; 10 s.</summary>
    public TimeSpan MaxClockSkew { get; init; } = NodeAgreement.DefaultMaxClockSkew;

    /// <summary>How long a start waits for answers of others; 2 s. Who does not answer is asked again later.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How often others are asked again; 15 s.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(15);

    /// <exception cref="CliException">An option cannot be.</exception>
    public GreetingOptions Checked() => MaxClockSkew > TimeSpan.Zero && Patience > TimeSpan.Zero && Interval > TimeSpan.FromMilliseconds(1)
        ? this
        : throw new CliException("Option section Greeting: MaxClockSkew, Patience and Interval must be above 0.");
}
