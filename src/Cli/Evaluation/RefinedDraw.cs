namespace Rag.Cli.Evaluation;

/// <summary>Which documents of a collection are embedded by the full encoder, the others being by lookup.</summary>
/// <param name="Share">Of all documents, 0 to 1.</param>
/// <param name="Seed">The same seed always draws the same ones.</param>
internal sealed record RefinedDraw(double Share, int Seed)
{
    /// <summary>Their ids.</summary>
    public HashSet<string> Choose(JudgedCollection collection)
    {
        var random = new Random(Seed);
        return [.. collection.ReadDocuments().Select(document => document.Id).Where(_ => random.NextDouble() < Share)];
    }
}
