using Grpc.Core;
using Rag.Testing;
using Rag.V1;

namespace Rag.Cluster.Tests.Retrieval;

/// <summary>Hits scored anew by a cross-encoder, beside adding up its words' weights.</summary>
public sealed class RerankTests
{
    private static readonly Dictionary<string, float> Weights = new()
    {
        ["stone"] = 1, ["granite"] = -2, ["marbles"] = 4, ["wall"] = 8, ["walls"] = 16, ["house"] = -32, ["the"] = 0.5f, ["runs"] = 0.25f,
    };

    [Theory]
    [InlineData(1, SearchMode.Dense)]
    [InlineData(4, SearchMode.Dense)]
    [InlineData(4, SearchMode.Sparse)]
    [InlineData(4, SearchMode.Hybrid)]
    public async Task The_best_are_in_the_order_of_their_logits(int spread, SearchMode mode)
    {
        using var models = new TemporaryFolder();
        TinyCrossEncoder.Write(models.Combine("judge"), [.. Weights.Select(word => (word.Key, word.Value))]);
        await using var cluster = await SearchCluster.StartAsync(2, models.Path);
        await cluster.CreateAsync("docs", spread, SampleChunks.Space);
        var chunks = SampleChunks.Make(200, documents: 15, seed: 10);
        await cluster.UpsertAsync("docs", chunks);
        var known = chunks.ToDictionary(chunk => chunk.ChunkId);
        for (var seed = 0; seed < 6; seed++)
        {
            var random = new Random(seed);
            var request = new SearchRequest { Workspace = "docs", Mode = mode, K = 40, Exact = true, Text = "stone walls" };
            if (mode != SearchMode.Sparse)
                request.Vector = SampleChunks.VectorOf(SampleChunks.Vector(random));
            var pool = await cluster.SearchAsync(request);
            var expected = SampleChunks.Ordered(pool.Select(hit => (known[hit.ChunkId], 0.17f + Weight(hit.Text))));
            (request.K, request.Offset, request.Rerank) = (10, seed % 3, new Rerank { Model = "judge", TopN = 40 });
            var answer = await cluster.Searches.SearchAsync(request);
            answer.Hits.Select(hit => hit.ChunkId).ShouldBe(expected.Skip(request.Offset).Take(10).Select(item => item.Chunk.ChunkId));
            answer.Hits.Zip(expected.Skip(request.Offset), (hit, item) => Math.Abs(hit.Score - item.Score)).Max().ShouldBeLessThan(0.01f);
            answer.Hits.ShouldAllBe(hit => hit.Text != "");
            answer.Timings.Rerank.ToTimeSpan().ShouldBeGreaterThan(TimeSpan.Zero);

            request.ScoreThreshold = 0;
            request.ReturnFields = new ReturnFields();
            var above = await cluster.SearchAsync(request);
            above.Select(hit => hit.ChunkId).ShouldBe(expected.Where(item => item.Score >= 0).Skip(request.Offset).Take(10).Select(item => item.Chunk.ChunkId));
            above.ShouldAllBe(hit => hit.Text == "");
        }
    }

    [Fact]
    public async Task Documents_are_reranked_by_their_best_chunk_and_a_missing_model_is_named()
    {
        using var models = new TemporaryFolder();
        TinyCrossEncoder.Write(models.Combine("judge"), [.. Weights.Select(word => (word.Key, word.Value))]);
        await using var cluster = await SearchCluster.StartAsync(1, models.Path);
        await cluster.CreateAsync("docs", 1, SampleChunks.Space);
        await cluster.UpsertAsync("docs", SampleChunks.Make(100, documents: 10, seed: 11));
        var request = new SearchRequest
        {
            Workspace = "docs", Mode = SearchMode.Sparse, K = 5, Text = "walls", Grouping = new Grouping { ChunksPerDocument = 2 }, Rerank = new Rerank { Model = "judge" },
        };
        var groups = (await cluster.SearchAsync(request)).GroupBy(hit => hit.DocumentId).ToList();
        groups.Count.ShouldBe(5);
        groups.Select(group => group.First().Score).ShouldBeInOrder(SortDirection.Descending);
        groups.ShouldAllBe(group => group.Count() <= 2 && group.First().Score >= group.Last().Score);

        (await new EmbeddingService.EmbeddingServiceClient(cluster.Invoker).EmbedAsync(new EmbedRequest { Texts = { "x" }, Model = "judge" }).ResponseAsync
            .ContinueWith(call => call.Exception?.InnerException as RpcException, TaskScheduler.Default))!.StatusCode.ShouldBe(StatusCode.InvalidArgument);
        request.Rerank.Model = "nobody";
        var fault = await Should.ThrowAsync<RpcException>(async () => await cluster.SearchAsync(request));
        fault.StatusCode.ShouldBe(StatusCode.InvalidArgument);
        fault.Status.Detail.ShouldContain("nobody");
    }

    private static float Weight(string text) => text.Split(' ').Sum(word => Weights[word]);
}
