using System.CommandLine;
using Rag.V1;

namespace Rag.Cli.Options;

internal static class MetadataOption
{
    /// <summary><c>--metadata key=value</c>, as often as one likes.</summary>
    public static Option<string[]> Create(string description) => new("--metadata", "-m")
    {
        Description = description,
        HelpName = "KEY=VALUE",
    };

    /// <summary>Typed values; see <see cref="FilterSyntax.ParseValue"/>.</summary>
    /// <exception cref="CliException">An item has no key.</exception>
    public static Dictionary<string, Value> Parse(IEnumerable<string> items) =>
        Split(items).ToDictionary(item => item.Key, item => FilterSyntax.ParseValue(item.Value), StringComparer.Ordinal);

    /// <summary>Keys and values as they stand; the last one of a key counts.</summary>
    /// <exception cref="CliException">An item has no key.</exception>
    public static IReadOnlyDictionary<string, string> Split(IEnumerable<string> items)
    {
        var pairs = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var item in items)
        {
            var at = item.IndexOf('=');
            if (at <= 0)
                throw new CliException($"'{item}' does not say what it is for: write key=value.", ExitCode.Usage);
            pairs[item[..at]] = item[(at + 1)..];
        }

        return pairs;
    }
}
