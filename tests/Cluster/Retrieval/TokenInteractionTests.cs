using Grpc.Core;
using Microsoft.Extensions.Logging.Abstractions;
using Rag.Embedding;
using Rag.Testing;
using Rag.V1;

namespace Rag.Cluster.Tests.Retrieval;

/// <summary>Hits scored anew by the vectors that a model gives the tokens of their texts.</summary>
public sealed class TokenInteractionTests
{
    private const string Model = "all-MiniLM-L6-v2";
    private static readonly string Models = Path.Combine(RepositoryRoot.Path, "models");

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public async Task Texts_are_compared_token_by_token_and_again_after_they_were_changed(int spread)
    {
        using var encoder = TokenEncoder.Load(
            new EmbedderOptions { ModelFolder = Path.Combine(Models, Model), ExecutionProvider = ExecutionProvider.Cpu }, NullLoggerFactory.Instance);
        await using var cluster = await SearchCluster.StartAsync(2, Models);
        await cluster.CreateAsync("docs", spread, SampleChunks.Space);
        var chunks = SampleChunks.Make(40, documents: 10, seed: 40);
        chunks[0].Text = "";
        await cluster.UpsertAsync("docs", chunks);
        await CompareAsync(cluster, encoder, chunks);
        for (var i = 1; i < 10; i++)
            chunks[i].Text = $"granite {chunks[i].Text} the house";
        await cluster.UpsertAsync("docs", chunks.Take(10));
        await CompareAsync(cluster, encoder, chunks);
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

    private static async Task CompareAsync(SearchCluster cluster, TokenEncoder encoder, List<Chunk> chunks)
    {
        var written = chunks.Where(chunk => chunk.Text.Length > 0).ToList();
        var (passages, dimension) = await encoder.EncodeAsync([.. written.Select(chunk => chunk.Text)], query: false, default);
        var query = (await encoder.EncodeAsync([Request(Model).Text], query: true, default)).Vectors[0];
        var expected = written.Zip(passages, (chunk, passage) => (chunk.ChunkId, Score: MaxSim(query, passage, dimension))).ToDictionary();
        var hits = await cluster.SearchAsync(Request(Model));
        hits.Count.ShouldBe(written.Count);
        hits.Select(hit => hit.Score).ShouldBeInOrder(SortDirection.Descending);
        // A batch is quantised as one in the graph, and vectors are once more.
        hits.ShouldAllBe(hit => Math.Abs(hit.Score - expected[hit.ChunkId]) < 0.04 * expected[hit.ChunkId]);
    }

    private static SearchRequest Request(string model) => new()
    {
        Workspace = "docs", Text = "a house of granite", Vector = SampleChunks.VectorOf([0, 0, 0, 1]), K = 50, LateInteraction = new LateInteraction { Model = model, TopN = 50 },
    };

    private static double MaxSim(float[] query, float[] passage, int dimension) => query.Chunk(dimension).Sum(
        x => passage.Chunk(dimension).Max(y => x.Zip(y, (a, b) => (double)a * b).Sum()));
}
