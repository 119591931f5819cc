using System.CommandLine;
using Rag.Client;
using Rag.V1;

namespace Rag.Cli.Options;

/// <summary>How words are scored, and how the lists of a hybrid search are mixed.</summary>
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

    private readonly Option<SparseVector?> _vector = SparseVectorOption.Create();

    private readonly Option<float?> _vectorWeight = new("--sparse-vector-weight") { Description = "What the list by --sparse counts." };

    private readonly Option<int> _constant = new("--rank-constant")
    {
        Description = "Constant of --fusion ranks, 1 to 1,000. Default: 60.",
    };

    private readonly Option<int> _candidates = new("--fusion-candidates")
    {
        Description = "How many of each list are mixed, up to 10,000. Default: 200.",
    };

    private readonly Option<float?> _k1 = new("--k1") { Description = "How soon more occurrences of a word stop counting, 0 to 10. Default: 1.2." };

    private readonly Option<float?> _b = new("--b") { Description = "How far long texts are held against their length, 0 to 1. Default: 0.75." };

    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { _method, _dense, _sparse, _vector, _vectorWeight, _constant, _candidates, _k1, _b })
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
        if (parsed.GetValue(_vectorWeight) is { } vectorWeight)
            fusion.SparseVectorWeight = vectorWeight;
        query = query with { SparseVector = parsed.GetValue(_vector) };
        var bm25 = new Bm25();
        if (parsed.GetValue(_k1) is { } k1)
            bm25.K1 = k1;
        if (parsed.GetValue(_b) is { } b)
            bm25.B = b;
        if (bm25.HasK1 || bm25.HasB)
            query = query with { Bm25 = bm25 };
        return fusion.Equals(new Fusion()) ? query : query with { Fusion = fusion };
    }

    private static FusionMethod Fail(System.CommandLine.Parsing.ArgumentResult result, string value)
    {
        result.AddError($"'{value}' is no way to mix: choose scaled, ranks or distribution.");
        return FusionMethod.Unspecified;
    }
}
