using System.CommandLine;
using System.CommandLine.Parsing;
using Rag.Client;
using Rag.V1;

namespace Rag.Cli.Options;

/// <summary>Stages that score the best hits anew: by a cross-encoder, by late interaction, or by both.</summary>
/// <param name="takesVectors">Whether <c>--multi-vector</c> is one of them: vectors of the caller's own are of one query.</param>
internal sealed class RerankOptions(bool takesVectors)
{
    private readonly Option<string> _rerank = new("--rerank")
    {
        Description = "Score the best hits anew by this cross-encoder of the server.", HelpName = "MODEL",
    };

    private readonly Option<string?> _late = new("--late")
    {
        Description = "Score the best hits anew by late interaction of tokens, with this model of the server.",
        HelpName = "MODEL",
    };

    private readonly Option<string?> _multiVector = new("--multi-vector")
    {
        Description = "Score the best hits anew by late interaction with these vectors: a JSON file, [[0.1,…],…].",
        HelpName = "FILE",
    };

    private readonly Option<int> _topN = new("--top-n")
    {
        Description = takesVectors
            ? "How many hits --rerank, --late or --multi-vector scores. Default: 50, or 100 with vectors."
            : "How many hits --rerank or --late scores. Default: 50.",
    };

    public void AddTo(Command command)
    {
        command.Options.Add(_rerank);
        command.Options.Add(_late);
        if (takesVectors)
            command.Options.Add(_multiVector);
        command.Options.Add(_topN);
    }

    /// <exception cref="CliException">The options do not go together.</exception>
    public SearchQuery Apply(SearchQuery query, ParseResult parsed)
    {
        var topN = parsed.GetValue(_topN);
        if (parsed.GetValue(_rerank) is { } model)
            query = query with { Rerank = new Rerank { Model = model, TopN = topN } };
        if (LateInteractionOf(parsed) is not { } late)
        {
            return topN == 0 || query.Rerank is not null
                ? query
                : throw new CliException("--top-n says how many hits are scored anew: say by what, as with --late MODEL.", ExitCode.Usage);
        }

        // With both, --top-n is of what is read last and costs most.
        late.TopN = query.Rerank is null ? topN : 0;
        return query with { LateInteraction = late };
    }

    private LateInteraction? LateInteractionOf(ParseResult parsed) =>
        (takesVectors ? parsed.GetValue(_multiVector) : null, parsed.GetValue(_late)) switch
        {
            (null, null) => null,
            ({ } file, null) => new LateInteraction { MultiVector = MultiVectorFile.Read(file) },
            (null, { } model) => new LateInteraction { Model = model },
            _ => throw new CliException("Give --multi-vector or --late: both say what hits are compared with.", ExitCode.Usage),
        };
}
