using Grpc.Core;
using Rag.Client;
using Rag.V1;

namespace Rag.Cluster.Tests.Retrieval;

/// <summary>Hits scored anew by several vectors each, beside adding up the highest inner products one by one.</summary>
public sealed class LateInteractionTests
{
    private const int Tokens = 3;

    [Theory]
    [InlineData(1, SearchMode.Dense)]
    [InlineData(4, SearchMode.Dense)]
    [InlineData(4, SearchMode.Sparse)]
    [InlineData(4, SearchMode.Hybrid)]
    public async Task The_best_are_in_the_order_of_their_highest_products(int spread, SearchMode mode)
    {
        await using var cluster = await SearchCluster.StartAsync(shards: 2);
        await CreateAsync(cluster, spread);
        var chunks = WithTokens(SampleChunks.Make(250, documents: 20, seed: 20), seed: 21);
        await cluster.UpsertAsync("docs", chunks);
        var known = chunks.ToDictionary(chunk => chunk.ChunkId);
        var tokens = chunks.Where(chunk => chunk.MultiVector is not null).ToDictionary(chunk => chunk.ChunkId, TokensOf);
        for (var seed = 0; seed < 6; seed++)
        {
            var random = new Random(seed);
            var request = new SearchRequest { Workspace = "docs", Mode = mode, K = 60, Exact = true, ReturnFields = new ReturnFields() };
            if (mode != SearchMode.Sparse)
                request.Vector = SampleChunks.VectorOf(SampleChunks.Vector(random));
            if (mode != SearchMode.Dense)
                request.Text = "walls of granite";
            var pool = await cluster.SearchAsync(request);
            var query = Grid(random, random.Next(1, 6));
            var expected = SampleChunks.Ordered(pool.Where(hit => tokens.ContainsKey(hit.ChunkId))
                .Select(hit => (known[hit.ChunkId], LateInteractionOracle.MaxSim(query, tokens[hit.ChunkId]))));
            expected.Count.ShouldBeInRange(20, 59);
            (request.K, request.Offset) = (10, seed % 3);
            request.LateInteraction = new LateInteraction { TopN = 60, MultiVector = Pack(query, isPacked: seed % 2 == 0) };
            var answer = await cluster.Searches.SearchAsync(request);
            answer.Hits.Select(hit => hit.ChunkId).ShouldBe(expected.Skip(request.Offset).Take(10).Select(item => item.Chunk.ChunkId), $"seed {seed}");
            answer.Hits.Zip(expected.Skip(request.Offset), (hit, item) => Math.Abs(hit.Score - item.Score)).Max().ShouldBeLessThan(1e-4);
            answer.Timings.Rerank.ToTimeSpan().ShouldBeGreaterThan(TimeSpan.Zero);

            var last = Enumerable.Range(5, 10).First(i => expected[i].Score - expected[i + 1].Score > 1e-3);
            request.ScoreThreshold = (float)(expected[last].Score + expected[last + 1].Score) / 2;
            request.ReturnFields = new ReturnFields { MultiVector = true };
            var above = await cluster.SearchAsync(request);
            above.Count.ShouldBe(Math.Min(10, last + 1 - request.Offset));
            above.ShouldAllBe(hit => hit.MultiVector.Packed.Length == tokens[hit.ChunkId].Length * Tokens * sizeof(float));
        }
    }

    [Fact]
    public async Task Documents_stand_by_their_best_chunk_and_what_has_no_vectors_is_no_hit()
    {
        await using var cluster = await SearchCluster.StartAsync(shards: 1);
        await CreateAsync(cluster, 1);
        await cluster.UpsertAsync("docs", WithTokens(SampleChunks.Make(100, documents: 10, seed: 22), seed: 23));
        var request = new SearchRequest
        {
            Workspace = "docs", Mode = SearchMode.Sparse, K = 5, Text = "walls", Grouping = new Grouping { ChunksPerDocument = 2 }, ReturnFields = new ReturnFields { MultiVector = true },
            LateInteraction = new LateInteraction { MultiVector = Pack([[1, 0, 0]], isPacked: true) },
        };
        var groups = (await cluster.SearchAsync(request)).GroupBy(hit => hit.DocumentId).ToList();
        groups.Count.ShouldBe(5);
        groups.Select(group => group.First().Score).ShouldBeInOrder(SortDirection.Descending);
        groups.ShouldAllBe(group => group.Count() <= 2 && group.All(hit => hit.MultiVector != null));
    }

    [Fact]
    public async Task A_patch_changes_the_vectors_alone_and_others_leave_them()
    {
        await using var cluster = await SearchCluster.StartAsync(shards: 1);
        await CreateAsync(cluster, 1);
        var chunk = new Chunk { ChunkId = "c", Text = "stone", Vectors = { [""] = SampleChunks.VectorOf([0, 0, 0, 1]) }, MultiVector = Pack([[1, 0, 0]], isPacked: true) };
        await cluster.UpsertAsync("docs", [chunk]);
        (await ReadAsync(cluster)).ShouldBe([1, 0, 0]);

        await PatchAsync(cluster, new Chunk { ChunkId = "c", Text = "walls" }, "text");
        (await ReadAsync(cluster)).ShouldBe([1, 0, 0]);
        await PatchAsync(cluster, new Chunk { ChunkId = "c", MultiVector = Pack([[0, 2, 0], [0, 0, -4]], isPacked: false) }, "multi_vector");
        (await ReadAsync(cluster)).ShouldBe([0, 2, 0, 0, 0, -4], 1e-5);
        await PatchAsync(cluster, new Chunk { ChunkId = "c", Text = "house", Vectors = { [""] = SampleChunks.VectorOf([0, 0, 0, 1]) } }, "text", "metadata", "vectors", "passage");
        (await ReadAsync(cluster)).Length.ShouldBe(6);
        await PatchAsync(cluster, new Chunk { ChunkId = "c" }, "multi_vector");
        (await ReadAsync(cluster)).ShouldBeEmpty();
        (await cluster.Chunks.GetChunksAsync(new GetChunksRequest { Workspace = "docs", Keys = { new ChunkKey { ChunkId = "c" } } })).Chunks[0].Text.ShouldBe("house");

        await cluster.UpsertAsync("docs", [chunk]);
        chunk.MultiVector = null;
        await cluster.UpsertAsync("docs", [chunk]);
        (await ReadAsync(cluster)).ShouldBeEmpty();
        var all = new ChunkWrite { Chunk = new Chunk { ChunkId = "new", Text = "x" }, UpdateMask = new() { Paths = { "text", "metadata", "vectors", "passage" } } };
        (await cluster.Chunks.UpsertChunksAsync(new UpsertChunksRequest { Workspace = "docs", Chunks = { all } })).Results[0].Error.Code.ShouldBe((int)StatusCode.NotFound);
    }

    [Fact]
    public async Task Vectors_that_do_not_fit_the_workspace_are_refused_with_the_reason()
    {
        await using var cluster = await SearchCluster.StartAsync(shards: 1);
        await CreateAsync(cluster, 1);
        await cluster.CreateAsync("plain", 1, SampleChunks.Space);
        var packed = new MultiVector { Packed = Google.Protobuf.ByteString.CopyFrom(new byte[13]) };
        foreach (var (workspace, vectors, reason) in new[]
        {
            ("docs", Pack([[1, 0]], isPacked: false), "3"),
            ("docs", Pack([[1, 0]], isPacked: true), "12 bytes"),
            ("docs", packed, "13 bytes"),
            ("docs", new MultiVector(), "empty"),
            ("docs", new MultiVector { Dense = new DenseVectors() }, "empty"),
            ("docs", Pack([[1, float.NaN, 0]], isPacked: true), "NaN"),
            ("docs", Pack([[1, float.PositiveInfinity, 0]], isPacked: false), "NaN"),
            ("docs", Pack([.. Enumerable.Repeat(new float[] { 1, 2, 3 }, 1025)], isPacked: true), "1025"),
            ("plain", Pack([[1, 0, 0]], isPacked: true), "multi_vector_dimension"),
        })
        {
            var chunk = new Chunk { ChunkId = "c", Vectors = { [""] = SampleChunks.VectorOf([0, 0, 0, 1]) }, MultiVector = vectors };
            var result = (await cluster.Chunks.UpsertChunksAsync(new UpsertChunksRequest { Workspace = workspace, Chunks = { new ChunkWrite { Chunk = chunk } } })).Results[0];
            result.Error.Code.ShouldBe((int)StatusCode.InvalidArgument);
            result.Error.Message.ShouldContain(reason);
            var fault = await Should.ThrowAsync<RpcException>(async () => await cluster.SearchAsync(new SearchRequest
            {
                Workspace = workspace, Vector = SampleChunks.VectorOf([0, 0, 0, 1]), LateInteraction = new LateInteraction { MultiVector = vectors },
            }));
            fault.StatusCode.ShouldBe(StatusCode.InvalidArgument);
            fault.Status.Detail.ShouldContain(reason);
        }
    }

    private static async Task CreateAsync(SearchCluster cluster, int spread) => await cluster.Workspaces.CreateWorkspaceAsync(
        new CreateWorkspaceRequest { Workspace = new Workspace { Name = "docs", Spread = spread, Spaces = { SampleChunks.Space }, MultiVectorDimension = Tokens } });

    private static async Task PatchAsync(SearchCluster cluster, Chunk chunk, params string[] paths)
    {
        var write = new ChunkWrite { Chunk = chunk, UpdateMask = new() { Paths = { paths } } };
        (await cluster.Chunks.UpsertChunksAsync(new UpsertChunksRequest { Workspace = "docs", Chunks = { write } })).Results[0].Error.ShouldBeNull();
    }

    private static async Task<float[]> ReadAsync(SearchCluster cluster)
    {
        var request = new GetChunksRequest { Workspace = "docs", Keys = { new ChunkKey { ChunkId = "c" } }, ReturnFields = new ReturnFields { MultiVector = true } };
        var vectors = (await cluster.Chunks.GetChunksAsync(request)).Chunks[0].MultiVector;
        return vectors is null ? [] : new Vector { Packed = vectors.Packed }.ToArray();
    }

    // Every fifth has none.
    private static List<Chunk> WithTokens(List<Chunk> chunks, int seed)
    {
        var random = new Random(seed);
        for (var i = 0; i < chunks.Count; i++)
        {
            if (i % 5 != 0)
                chunks[i].MultiVector = Pack(Grid(random, random.Next(1, 9)), isPacked: i % 2 == 0);
        }

        return chunks;
    }

    // The largest of each is 1, so that what is stored is what was sent: scores can be compared exactly.
    private static float[][] Grid(Random random, int count) => [.. Enumerable.Range(0, count).Select(_ =>
    {
        var vector = Enumerable.Range(0, Tokens).Select(_ => random.Next(-127, 128) / 127f).ToArray();
        vector[random.Next(Tokens)] = random.Next(2) == 0 ? 1 : -1;
        return vector;
    })];

    private static MultiVector Pack(float[][] vectors, bool isPacked) => isPacked
        ? VectorValue.OfMany([.. vectors.Select(vector => new ReadOnlyMemory<float>(vector))])
        : new MultiVector { Dense = new DenseVectors { Vectors = { vectors.Select(vector => new DenseVector { Values = { vector } }) } } };

    private static float[][] TokensOf(Chunk chunk) => chunk.MultiVector.KindCase == MultiVector.KindOneofCase.Dense
        ? [.. chunk.MultiVector.Dense.Vectors.Select(vector => vector.Values.ToArray())]
        : [.. new Vector { Packed = chunk.MultiVector.Packed }.ToArray().Chunk(Tokens)];
}
