using System.CommandLine;
using Rag.V1;

namespace Rag.Cli.Options;

internal static class SearchModeOption
{
    /// <summary><c>--mode dense|sparse|hybrid</c>.</summary>
    public static Option<SearchMode> Create() => new("--mode")
    {
        Description = "Search by vector, by words, or both mixed.",
        HelpName = "dense|sparse|hybrid",
        DefaultValueFactory = _ => SearchMode.Dense,
        CustomParser = result => result.Tokens[0].Value.ToLowerInvariant() switch
        {
            "dense" => SearchMode.Dense,
            "sparse" => SearchMode.Sparse,
            "hybrid" => SearchMode.Hybrid,
            var other => Fail(result, other),
        },
    };

    /// <summary>The word of a mode.</summary>
    public static string NameOf(SearchMode mode) => mode switch
    {
        SearchMode.Sparse => "sparse",
        SearchMode.Hybrid => "hybrid",
        _ => "dense",
    };

    private static SearchMode Fail(System.CommandLine.Parsing.ArgumentResult result, string value)
    {
        result.AddError($"'{value}' is no mode: choose dense, sparse or hybrid.");
        return SearchMode.Unspecified;
    }
}
