using System.CommandLine;
using Rag.Client;

namespace Rag.Cli.Options;

/// <summary>What a page of hits is made of: documents, snippets, neighbours, tokens.</summary>
internal sealed class PageOptions
{
    private readonly Option<int> _group = new("--group")
    {
        Description = "Show documents instead of chunks, each with so many of its best chunks.", HelpName = "N",
        Arity = ArgumentArity.ZeroOrOne, DefaultValueFactory = _ => 0, CustomParser = result => Number(result, bare: 1),
    };

    private readonly Option<int> _highlight = new("--highlight")
    {
        Description = "Show the window of each text that has most of the words, so many characters long (240).",
        HelpName = "N", Arity = ArgumentArity.ZeroOrOne, DefaultValueFactory = _ => 0,
        CustomParser = result => Number(result, bare: 240),
    };

    private readonly Option<int> _neighbours = new("--neighbours")
    {
        Description = "Also show so many chunks before and behind each hit in its document, up to 10.",
    };

    private readonly Option<bool> _paging = new("--paging") { Description = "Print a token for the page behind this one." };

    private readonly Option<string> _token = new("--page-token")
    {
        Description = "Go on behind the page that printed this token; everything else as it was.",
        DefaultValueFactory = _ => "",
    };

    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { _group, _highlight, _neighbours, _paging, _token })
            command.Options.Add(option);
    }

    public SearchQuery Apply(SearchQuery query, ParseResult parsed) => query with
    {
        ChunksPerDocument = parsed.GetValue(_group),
        SnippetLength = parsed.GetValue(_highlight),
        Neighbours = parsed.GetValue(_neighbours),
        Paging = parsed.GetValue(_paging),
        PageToken = parsed.GetValue(_token)!,
    };

    private static int Number(System.CommandLine.Parsing.ArgumentResult result, int bare)
    {
        if (result.Tokens.Count == 0)
            return bare;
        if (int.TryParse(result.Tokens[0].Value, out var number))
            return number;
        result.AddError($"'{result.Tokens[0].Value}' is no number.");
        return bare;
    }
}
