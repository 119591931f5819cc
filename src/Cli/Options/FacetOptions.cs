using System.CommandLine;
using Rag.Client;
using Rag.V1;

namespace Rag.Cli.Options;

/// <summary><c>--facet KEY</c>: counts beside the hits, by values or by ranges of numbers and dates.</summary>
internal sealed class FacetOptions
{
    private readonly Option<string[]> _facet = new("--facet")
    {
        Description = "Also count all chunks that match the filter by the values of this key; KEY:N for the top N, "
            + "KEY:FROM..TO,FROM.. for ranges, which end below TO.",
        HelpName = "KEY[:N|:RANGES]",
    };

    public void AddTo(Command command) => command.Options.Add(_facet);

    public SearchQuery Apply(SearchQuery query, ParseResult parsed) =>
        query with { Facets = [.. (parsed.GetValue(_facet) ?? []).Select(FacetOf)] };

    private static Facet FacetOf(string text)
    {
        // Times hold colons, ranges two dots.
        var at = text.Contains("..", StringComparison.Ordinal) ? text.IndexOf(':') : text.LastIndexOf(':');
        if (at <= 0)
            return new Facet { Key = text };
        var (key, rest) = (text[..at], text[(at + 1)..]);
        if (int.TryParse(rest, out var limit))
            return new Facet { Key = key, Limit = limit };
        if (!rest.Contains("..", StringComparison.Ordinal))
            return new Facet { Key = text };
        var facet = new Facet { Key = key };
        facet.Ranges.AddRange(rest.Split(',').Select(range => RangeOf(range, text)));
        return facet;
    }

    private static FacetRange RangeOf(string text, string facet)
    {
        var bounds = text.Split("..");
        return bounds.Length == 2
            ? new FacetRange { From = BoundOf(bounds[0]), To = BoundOf(bounds[1]) }
            : throw new CliException($"'{facet}' has no ranges: write KEY:FROM..TO,FROM..TO, such as year:..2000,2000..", ExitCode.Usage);
    }

    private static Value? BoundOf(string text) => text.Length == 0 ? null : FilterSyntax.ParseValue(text);
}
