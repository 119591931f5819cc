using Microsoft.Extensions.Logging.Abstractions;
using Rag.Cli.Evaluation;
using Rag.Embedding;
using Rag.Testing;

namespace Rag.Cli.Tests.Evaluation;

/// <summary>Ranking while refinement is half-way: vectors of both encoders in one space.</summary>
public class RefinedShareTests
{
    private const int Draws = 5;

    [Fact]
    public async Task With_a_random_half_refined_ranking_is_no_worse_than_by_lookup_alone()
    {
        var folder = SharedData.Locate("ir", "adi");
        Assert.SkipWhen(folder is null, "The shared collections are not there.");
        var collection = JudgedCollection.Open(folder!);
        var documents = collection.ReadDocuments().ToList();
        await using var embedder = Embedder.Load(
            new EmbedderOptions { ModelFolder = Path.Combine(RepositoryRoot.Path, "models", "all-MiniLM-L6-v2") },
            NullLoggerFactory.Instance);
        var stop = TestContext.Current.CancellationToken;
        string[] texts = [.. documents.Select(document => document.Passage)];
        var lookup = new float[texts.Length * embedder.Model.Dimension];
        var full = new float[lookup.Length];
        await embedder.EncodePassagesAsync(texts, EncoderKind.Lookup, lookup, stop);
        await embedder.EncodePassagesAsync(texts, EncoderKind.Full, full, stop);
        var queries = new List<ReadOnlyMemory<float>>();
        foreach (var query in collection.Queries)
            queries.Add(await embedder.EncodeQueryAsync(query.Text, EncoderKind.Full, stop));

        var alone = Ndcg(collection, documents, queries, row => Row(lookup, row));
        var mixed = 0.0;
        for (var draw = 0; draw < Draws; draw++)
        {
            var random = new Random(draw);
            bool[] refined = [.. texts.Select(_ => random.NextDouble() < 0.5)];
            mixed += Ndcg(collection, documents, queries, row => Row(refined[row] ? full : lookup, row)) / Draws;
        }

        mixed.ShouldBeGreaterThanOrEqualTo(alone - 0.005);

        float[] Row(float[] vectors, int row) =>
            vectors[(row * embedder.Model.Dimension)..((row + 1) * embedder.Model.Dimension)];
    }

    private static double Ndcg(
        JudgedCollection collection, List<JudgedDocument> documents, List<ReadOnlyMemory<float>> queries,
        Func<int, float[]> vectorOf)
    {
        var vectors = Enumerable.Range(0, documents.Count).Select(vectorOf).ToArray();
        var sum = 0.0;
        for (var i = 0; i < queries.Count; i++)
        {
            var query = queries[i].ToArray();
            var ranked = Enumerable.Range(0, documents.Count)
                .OrderByDescending(row => query.Zip(vectors[row], (left, right) => left * right).Sum())
                .Select(row => documents[row].Id).Take(10).ToList();
            sum += RankingMetrics.NdcgAt(10, ranked, collection.Queries[i].Grades);
        }

        return sum / queries.Count;
    }
}
