using Rag.V1;

namespace Rag.Cluster.Tests.Retrieval;

/// <summary>Searches by documents, beside a ranking of everything.</summary>
public sealed class GroupingTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public async Task Documents_are_those_of_the_best_chunks_each_with_its_best_ones(int spread)
    {
        await using var cluster = await SearchCluster.StartAsync(shards: 3);
        await cluster.CreateAsync("docs", spread, SampleChunks.Space);
        var chunks = SampleChunks.Make(800, documents: 40, seed: 1);
        await cluster.UpsertAsync("docs", chunks);
        for (var seed = 0; seed < 30; seed++)
        {
            var random = new Random(seed);
            var query = SampleChunks.Vector(random);
            var (k, offset, most) = (random.Next(1, 50), random.Next(0, 10), random.Next(1, 8));
            var expected = SampleChunks.Rank(chunks, query)
                .GroupBy(item => item.Chunk.DocumentId)
                .Skip(offset).Take(k)
                .SelectMany(group => group.Take(most).Select(item => (item.Chunk.DocumentId, item.Chunk.ChunkId, item.Score)));
            var hits = await cluster.SearchAsync(new SearchRequest
            {
                Workspace = "docs", Vector = SampleChunks.VectorOf(query), K = k, Offset = offset, Exact = seed % 2 == 0,
                Grouping = new Grouping { ChunksPerDocument = most == 1 ? 0 : most },
            });
            hits.Select(hit => (hit.DocumentId, hit.ChunkId, hit.Score)).ShouldBe(expected);
        }
    }

    [Theory]
    [InlineData(SearchMode.Sparse)]
    [InlineData(SearchMode.Hybrid)]
    public async Task Documents_found_by_words_are_the_same_over_any_placement(SearchMode mode)
    {
        await using var cluster = await SearchCluster.StartAsync(shards: 2);
        var chunks = SampleChunks.Make(400, documents: 30, seed: 2);
        foreach (var spread in new[] { 1, 8 })
        {
            await cluster.CreateAsync($"docs-{spread}", spread, SampleChunks.Space);
            await cluster.UpsertAsync($"docs-{spread}", chunks);
        }

        for (var seed = 0; seed < 10; seed++)
        {
            var random = new Random(seed);
            var request = new SearchRequest
            {
                Text = SampleChunks.Text(random, 3), Mode = mode, K = 12, Offset = seed % 3, Grouping = new Grouping { ChunksPerDocument = 1 + seed % 3 },
            };
            if (mode == SearchMode.Hybrid)
                request.Vector = SampleChunks.VectorOf(SampleChunks.Vector(random));
            var one = await cluster.SearchAsync(new SearchRequest(request) { Workspace = "docs-1" });
            var many = await cluster.SearchAsync(new SearchRequest(request) { Workspace = "docs-8" });
            many.Select(hit => (hit.ChunkId, hit.Score)).ShouldBe(one.Select(hit => (hit.ChunkId, hit.Score)));
            one.Select(hit => hit.DocumentId).Distinct().Count().ShouldBe(12);
            one.GroupBy(hit => hit.DocumentId).ShouldAllBe(group => group.Count() <= request.Grouping.ChunksPerDocument);
        }
    }

    [Fact]
    public async Task One_document_with_nearly_everything_does_not_hide_the_others()
    {
        await using var cluster = await SearchCluster.StartAsync(shards: 1);
        await cluster.CreateAsync("docs", 1, SampleChunks.Space);
        var near = SampleChunks.Make(1500, documents: 1, seed: 3);
        var random = new Random(4);
        foreach (var chunk in near)
            chunk.Vectors[""] = SampleChunks.VectorOf([random.NextSingle(), random.NextSingle(), random.NextSingle(), random.NextSingle()]);
        await cluster.UpsertAsync("docs", near);
        await cluster.UpsertAsync("docs", Enumerable.Range(0, 3).Select(i => new Chunk
        {
            DocumentId = $"far{i}", ChunkId = "c", Text = "far", Vectors = { [""] = SampleChunks.VectorOf([50 + i, 0, 0, 0]) },
        }));
        var hits = await cluster.SearchAsync(new SearchRequest
        {
            Workspace = "docs", Vector = SampleChunks.VectorOf([0.5f, 0.5f, 0.5f, 0.5f]), K = 4, Grouping = new Grouping(),
        });
        hits.Select(hit => hit.DocumentId).ShouldBe(["d0", "far0", "far1", "far2"]);
    }
}
