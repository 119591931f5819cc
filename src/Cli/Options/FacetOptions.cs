using System.CommandLine;
using Rag.Client;
using Rag.V1;

namespace Rag.Cli.Options;

/// <summary><c>--facet KEY</c>: counts beside the hits.</summary>
internal sealed class FacetOptions
{
    private readonly Option<string[]> _facet = new("--facet")
    {
        Description = "Also count all chunks that match the filter by the values of this key; KEY:N for the top N.",
        HelpName = "KEY[:N]",
    };

    public void AddTo(Command command) => command.Options.Add(_facet);

    public SearchQuery Apply(SearchQuery query, ParseResult parsed) =>
        query with { Facets = [.. (parsed.GetValue(_facet) ?? []).Select(FacetOf)] };

    private static Facet FacetOf(string text)
    {
        var at = text.LastIndexOf(':');
        return at > 0 && int.TryParse(text.AsSpan(at + 1), out var limit)
            ? new Facet { Key = text[..at], Limit = limit }
            : new Facet { Key = text };
    }
}
