using System.CommandLine;
using Rag.Client;
using Rag.V1;

namespace Rag.Cli.Options;

/// <summary>How the two lists of a hybrid search are mixed.</summary>
internal sealed class FusionOptions
{
    private readonly Option<FusionMethod> _method = new("--fusion")
    {
        Description = "Mix the lists of --mode hybrid by scaled scores, by ranks or by distribution.",
        HelpName = "scaled|ranks|distribution",
        CustomParser = result => result.Tokens[0].Value.ToLowerInvariant() switch
        {
            "scaled" => FusionMethod.Scaled,
            "ranks" => FusionMethod.ReciprocalRank,
            "distribution" => FusionMethod.Distribution,
            var other => Fail(result, other),
        },
    };

    private readonly Option<float?> _dense = new("--dense-weight") { Description = "What the list by vector counts." };

    private readonly Option<float?> _sparse = new("--sparse-weight") { Description = "What the list by words counts." };

    private readonly Option<int> _constant = new("--rank-constant")
    {
        Description = "Constant of --fusion ranks, 1 to 1,000. Default: 60.",
    };

    private readonly Option<int> _candidates = new("--fusion-candidates")
    {
        Description = "How many of each list are mixed, up to 10,000. Default: 200.",
    };

    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { _method, _dense, _sparse, _constant, _candidates })
            command.Options.Add(option);
    }

    public SearchQuery Apply(SearchQuery query, ParseResult parsed)
    {
        var fusion = new Fusion
        {
            Method = parsed.GetValue(_method), RankConstant = parsed.GetValue(_constant),
            Candidates = parsed.GetValue(_candidates),
        };
        if (parsed.GetValue(_dense) is { } dense)
            fusion.DenseWeight = dense;
        if (parsed.GetValue(_sparse) is { } sparse)
            fusion.SparseWeight = sparse;
        return fusion.Equals(new Fusion()) ? query : query with { Fusion = fusion };
    }

    private static FusionMethod Fail(System.CommandLine.Parsing.ArgumentResult result, string value)
    {
        result.AddError($"'{value}' is no way to mix: choose scaled, ranks or distribution.");
        return FusionMethod.Unspecified;
    }
}
