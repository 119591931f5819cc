using Grpc.Core;
using Rag.Embedding.Tests;
using Rag.Testing;
using Rag.V1;

namespace Rag.Cluster.Tests.Retrieval;

/// <summary>Hits scored anew by the vectors that a model gives the tokens of their texts, beside adding them up by hand.</summary>
public sealed class TokenInteractionTests
{
    private const int Classify = 2;
    private const int Separator = 3;

    private static readonly Dictionary<string, int> Words = new() { ["hello"] = 5, ["world"] = 6, ["query"] = 7, ["passage"] = 8 };

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public async Task Texts_are_compared_token_by_token_and_again_after_they_were_changed(int spread)
    {
        using var models = new TemporaryFolder();
        TinyModel.Write(models.Combine("tiny"));
        await using var cluster = await SearchCluster.StartAsync(2, models.Path);
        await cluster.CreateAsync("docs", spread, SampleChunks.Space);
        var random = new Random(40);
        var chunks = SampleChunks.Make(40, documents: 10, seed: 40);
        foreach (var chunk in chunks)
            chunk.Text = Text(random, random.Next(1, 5));
        chunks[0].Text = "";
        await cluster.UpsertAsync("docs", chunks);
        await CompareAsync(cluster, chunks);
        await CompareAsync(cluster, chunks);
        foreach (var chunk in chunks.Skip(1).Take(20))
            chunk.Text = Text(random, random.Next(1, 5));
        await cluster.UpsertAsync("docs", chunks);
        await CompareAsync(cluster, chunks);
    }

    [Fact]
    public async Task A_model_that_is_not_there_and_one_that_reads_pairs_are_named()
    {
        using var models = new TemporaryFolder();
        TinyCrossEncoder.Write(models.Combine("judge"), [("stone", 1)]);
        await using var cluster = await SearchCluster.StartAsync(1, models.Path);
        await cluster.CreateAsync("docs", 1, SampleChunks.Space);
        await cluster.UpsertAsync("docs", SampleChunks.Make(5, documents: 2, seed: 41));
        foreach (var model in new[] { "nobody", "judge" })
        {
            var fault = await Should.ThrowAsync<RpcException>(async () => await cluster.SearchAsync(Request(model)));
            fault.StatusCode.ShouldBe(StatusCode.InvalidArgument);
            fault.Status.Detail.ShouldContain(model);
        }
    }

    private static async Task CompareAsync(SearchCluster cluster, List<Chunk> chunks)
    {
        var query = Tokens(Request("tiny").Text);
        var expected = chunks.Where(chunk => chunk.Text.Length > 0).ToDictionary(chunk => chunk.ChunkId, chunk => LateInteractionOracle.MaxSim(query, Tokens(chunk.Text)));
        var hits = await cluster.SearchAsync(Request("tiny"));
        hits.Count.ShouldBe(expected.Count);
        hits.Select(hit => hit.Score).ShouldBeInOrder(SortDirection.Descending);
        // Components are off by 1/254 on both sides.
        hits.ShouldAllBe(hit => Math.Abs(hit.Score - expected[hit.ChunkId]) < 0.01 * query.Count);
        expected.Values.Distinct().Count().ShouldBeGreaterThan(3);
    }

    private static SearchRequest Request(string model) => new()
    {
        Workspace = "docs", Text = "hello query", Vector = SampleChunks.VectorOf([0, 0, 0, 1]), K = 50, LateInteraction = new LateInteraction { Model = model, TopN = 50 },
    };

    private static string Text(Random random, int words) =>
        string.Join(' ', Enumerable.Range(0, words).Select(_ => Words.Keys.ElementAt(random.Next(Words.Count))));

    private static List<double[]> Tokens(string text)
    {
        int[] ids = [Classify, .. text.Split(' ').Select(word => Words[word]), Separator];
        return [.. ids.Select(id =>
        {
            var vector = TinyModel.VectorOf(id);
            var length = Math.Sqrt(vector.Sum(x => (double)x * x));
            return vector.Select(x => x / length).ToArray();
        })];
    }
}
