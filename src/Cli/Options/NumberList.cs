using System.Globalization;
using System.Numerics;

namespace Rag.Cli.Options;

/// <summary>Numbers separated by commas.</summary>
internal static class NumberList
{
    /// <summary>Reads a list; an empty one has no numbers.</summary>
    /// <param name="list">As typed.</param>
    /// <param name="example">What to write instead of something else.</param>
    /// <exception cref="CliException">One is no number.</exception>
    public static IReadOnlyList<T> Read<T>(string list, string example)
        where T : INumber<T> =>
    [
        .. list.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(item =>
            T.TryParse(item, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && T.IsFinite(number)
                ? number
                : throw new CliException($"'{item}' is no such number: write a list such as {example}.", ExitCode.Usage)),
    ];
}
