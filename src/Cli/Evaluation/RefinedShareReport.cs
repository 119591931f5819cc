using System.Globalization;
using Rag.Cli.Output;
using Rag.Client;
using Rag.V1;

namespace Rag.Cli.Evaluation;

/// <summary>What refinement that is half-way does to ranking.</summary>
/// <param name="Collection">Name of the collection.</param>
/// <param name="Share">Share of documents with full vectors.</param>
/// <param name="LookupNdcgAt10">nDCG@10 of lookup vectors alone.</param>
/// <param name="NdcgAt10">Of each draw.</param>
internal sealed record RefinedShareReport(
    string Collection, double Share, double LookupNdcgAt10, IReadOnlyList<double> NdcgAt10)
{
    /// <summary>Mean of the draws.</summary>
    public double Mean => NdcgAt10.Average();

    public static async Task<RefinedShareReport> RunAsync(
        Evaluator evaluator, JudgedCollection collection, SearchQuery search, double share, int draws,
        CancellationToken cancellationToken)
    {
        var alone = await evaluator.RunAsync(collection, search, Encoder.Lookup, cancellationToken);
        var results = new List<double>();
        for (var draw = 0; draw < draws; draw++)
        {
            var result = await evaluator.RunAsync(
                collection, search, Encoder.Lookup, new RefinedDraw(share, draw), cancellationToken);
            results.Add(result.NdcgAt10);
        }

        return new RefinedShareReport(collection.Name, share, alone.NdcgAt10, results);
    }

    public void Write(TextWriter output, bool asJson)
    {
        if (asJson)
        {
            JsonLines.Write(output, json =>
            {
                json.WriteString("collection", Collection);
                json.WriteNumber("refined_share", Share);
                json.WriteNumber("lookup_ndcg_at_10", Math.Round(LookupNdcgAt10, 6));
                json.WriteNumber("mean_ndcg_at_10", Math.Round(Mean, 6));
                json.WriteStartArray("ndcg_at_10");
                foreach (var one in NdcgAt10)
                    json.WriteNumberValue(Math.Round(one, 6));
                json.WriteEndArray();
            });
            return;
        }

        var culture = CultureInfo.InvariantCulture;
        output.WriteLine($"collection    {Collection}");
        output.WriteLine(string.Create(culture, $"nDCG@10       {LookupNdcgAt10:0.0000} by lookup alone"));
        output.WriteLine(string.Create(culture,
            $"              {Mean:0.0000} with {Share:P0} refined, mean of {NdcgAt10.Count} draws ({NdcgAt10.Min():0.0000} to {NdcgAt10.Max():0.0000})"));
    }
}
