using Grpc.Core;
using Rag.V1;
using FieldMask = Google.Protobuf.WellKnownTypes.FieldMask;

namespace Rag.Cluster.Tests.Retrieval;

/// <summary>Callers' sparse vectors through router and shards, against plain sums.</summary>
public sealed class SparseVectorTests
{
    private const int Terms = 40;

    [Fact]
    public async Task A_workspace_with_any_spread_finds_what_plain_sums_find_with_filters_groups_and_pages()
    {
        await using var cluster = await SearchCluster.StartAsync(shards: 2);
        var chunks = Make(600, seed: 7);
        foreach (var spread in new[] { 1, 4 })
        {
            var name = $"docs{spread}";
            await cluster.CreateAsync(name, spread, SampleChunks.Space);
            await cluster.UpsertAsync(name, chunks);
            var random = new Random(spread);
            for (var round = 0; round < 12; round++)
            {
                var request = new SearchRequest { Workspace = name, Mode = SearchMode.Sparse, SparseVector = RandomVector(random), K = 25 };
                var best = Rank(chunks, request.SparseVector);
                Same(await cluster.SearchAsync(request), best.Take(25));
                var filtered = new SearchRequest(request) { Filter = Red };
                Same(await cluster.SearchAsync(filtered), best.Where(hit => hit.Chunk.Metadata["color"].StringValue == "red").Take(25));
                var grouped = new SearchRequest(request) { Grouping = new Grouping { ChunksPerDocument = 1 }, K = 5 };
                Same(await cluster.SearchAsync(grouped), best.DistinctBy(hit => hit.Chunk.DocumentId).Take(5));
                var answers = await cluster.Searches.SearchBatchAsync(new SearchBatchRequest { Searches = { request, filtered } });
                Same([.. answers.Results[0].Response.Hits], best.Take(25));
            }

            var paged = new SearchRequest { Workspace = name, Mode = SearchMode.Sparse, SparseVector = RandomVector(random), K = 9, Paging = true };
            Same(await PagesAsync(cluster, paged), Rank(chunks, paged.SparseVector));
        }
    }

    [Fact]
    public async Task Hybrid_mixes_the_lists_that_are_given_and_its_pages_agree_with_the_whole()
    {
        await using var cluster = await SearchCluster.StartAsync(shards: 2);
        await cluster.CreateAsync("docs", 4, SampleChunks.Space);
        var chunks = Make(300, seed: 9);
        await cluster.UpsertAsync("docs", chunks);
        var query = RandomVector(new Random(1));
        var near = new float[] { 0.25f, 0, -0.5f, 0.25f };
        var sparse = Rank(chunks, query).Take(200).ToDictionary(hit => hit.Chunk.ChunkId, hit => hit.Score);
        var dense = SampleChunks.Rank(chunks, near).Take(200).ToDictionary(hit => hit.Chunk.ChunkId, hit => hit.Score);
        var request = new SearchRequest
        {
            Workspace = "docs", Mode = SearchMode.Hybrid, Vector = SampleChunks.VectorOf(near), SparseVector = query, K = 100, Exact = true,
            Fusion = new Fusion { DenseWeight = 1, SparseVectorWeight = 3 },
            ReturnFields = new ReturnFields { SparseVector = true },
        };
        var hits = await cluster.SearchAsync(request);
        hits.Count.ShouldBe(100);
        foreach (var hit in hits)
        {
            hit.HasSparseScore.ShouldBeFalse("there is no text, so no words");
            (hit.HasDenseScore, hit.HasSparseVectorScore).ShouldBe((dense.ContainsKey(hit.ChunkId), sparse.ContainsKey(hit.ChunkId)));
            var mixed = (Part(dense, hit.ChunkId) + 3 * Part(sparse, hit.ChunkId)) / 4;
            hit.Score.ShouldBe((float)mixed, 1e-5f);
            (hit.SparseVector is null).ShouldBe(chunks.Single(chunk => chunk.ChunkId == hit.ChunkId).SparseVector is null);
        }

        // With a text its words are a third list; with a weight of 0 they are left out.
        var words = new SearchRequest(request) { Text = "granite walls" };
        (await cluster.SearchAsync(words)).ShouldContain(hit => hit.HasSparseScore && hit.HasSparseVectorScore && hit.HasDenseScore);
        words.Fusion.SparseWeight = 0;
        var silent = await cluster.SearchAsync(words);
        silent.Select(hit => (hit.ChunkId, hit.Score)).ShouldBe(hits.Select(hit => (hit.ChunkId, hit.Score)));

        words.Fusion = new Fusion { Candidates = 200 };
        var whole = await cluster.SearchAsync(words);
        var paged = await PagesAsync(cluster, new SearchRequest(words) { K = 7, Paging = true, Text = "granite walls" });
        paged.Take(100).Select(hit => (hit.ChunkId, hit.Score)).ShouldBe(whole.Select(hit => (hit.ChunkId, hit.Score)));

        // Pages of a window keep what each list scored.
        var ranked = new SearchRequest(words) { Fusion = new Fusion { Method = FusionMethod.ReciprocalRank } };
        whole = await cluster.SearchAsync(ranked);
        paged = await PagesAsync(cluster, new SearchRequest(ranked) { K = 7, Paging = true });
        paged.Take(100).Select(hit => (hit.ChunkId, hit.Score, hit.HasSparseVectorScore, hit.SparseVectorScore))
            .ShouldBe(whole.Take(paged.Count).Select(hit => (hit.ChunkId, hit.Score, hit.HasSparseVectorScore, hit.SparseVectorScore)));

        // Examples stand for the vector.
        var like = new SearchRequest
        {
            Workspace = "docs", Mode = SearchMode.Hybrid, SparseVector = query, K = 10,
            Examples = new Examples { Positive = { new Example { Chunk = new ChunkKey { DocumentId = chunks[0].DocumentId, ChunkId = chunks[0].ChunkId } } } },
        };
        (await cluster.SearchAsync(like)).ShouldAllBe(hit => hit.ChunkId != chunks[0].ChunkId);

        double Part(Dictionary<string, float> list, string id) =>
            list.TryGetValue(id, out var score) ? (score - (double)list.Values.Min()) / (list.Values.Max() - list.Values.Min()) : 0;
    }

    [Fact]
    public async Task What_is_like_a_chunk_is_found_by_its_sparse_vector_and_not_like_another_one()
    {
        await using var cluster = await SearchCluster.StartAsync(shards: 2);
        await cluster.CreateAsync("docs", 4, SampleChunks.Space);
        Chunk[] chunks =
        [
            Of("a", (1, 3), (2, 4)), Of("b", (2, 1), (3, 1)), Of("c", (1, 1)), Of("d", (3, 2)), Of("e", (7, 9)), new Chunk { ChunkId = "f", Text = "stone" },
        ];
        await cluster.UpsertAsync("docs", chunks);
        var request = new SearchRequest { Workspace = "docs", Mode = SearchMode.Sparse, Examples = new Examples { Positive = { Like("a") } } };
        var hits = await cluster.SearchAsync(request);
        hits.Select(hit => hit.ChunkId).ShouldBe(["b", "c"]);
        hits.Select(hit => hit.Score).ShouldBe([0.8f, 0.6f], 1e-5);
        // 2 · (0.6, 0.8) less what c is, (1, 0).
        request.Examples.Negative.Add(Like("c"));
        hits = await cluster.SearchAsync(request);
        hits.Select(hit => hit.ChunkId).ShouldBe(["b"]);
        hits[0].Score.ShouldBe(1.6f, 1e-5);
        foreach (var example in new[] { Like("f"), Like("missing"), new Example { Vector = SampleChunks.VectorOf([0, 0, 0, 1]) } })
        {
            var other = new SearchRequest(request) { Examples = new Examples { Positive = { example } } };
            (await Should.ThrowAsync<RpcException>(async () => await cluster.SearchAsync(other))).Status.Detail.ShouldContain("examples.positive[0]");
        }

        request.Examples = new Examples { Positive = { Like("e") }, Negative = { Like("e") } };
        (await cluster.SearchAsync(request)).ShouldBeEmpty();

        static Chunk Of(string id, params (uint Index, float Weight)[] entries) => new()
        {
            ChunkId = id, SparseVector = new SparseVector { Indices = { entries.Select(entry => entry.Index) }, Weights = { entries.Select(entry => entry.Weight) } },
        };

        static Example Like(string id) => new() { Chunk = new ChunkKey { ChunkId = id } };
    }

    [Fact]
    public async Task Vectors_are_read_listed_patched_and_counted()
    {
        await using var cluster = await SearchCluster.StartAsync(shards: 1);
        await cluster.CreateAsync("docs", 1, SampleChunks.Space);
        var vector = new SparseVector { Indices = { 9, 3 }, Weights = { 0.1f, 2 } };
        await cluster.UpsertAsync("docs", [new Chunk { ChunkId = "only", SparseVector = vector }, new Chunk { ChunkId = "none", Text = "stone" }]);
        var fields = new ReturnFields { SparseVector = true };
        var listed = (await cluster.Chunks.ListChunksAsync(new ListChunksRequest { Workspace = "docs", ReturnFields = fields })).Chunks;
        listed.Single(chunk => chunk.ChunkId == "only").SparseVector.ShouldBe(new SparseVector { Indices = { 3, 9 }, Weights = { 2, 0.1f } });
        listed.Single(chunk => chunk.ChunkId == "none").SparseVector.ShouldBeNull();
        (await GetAsync(null)).SparseVector.ShouldBeNull("it was not asked for");
        var statistics = await cluster.Workspaces.GetWorkspaceStatisticsAsync(new GetWorkspaceStatisticsRequest { Workspace = "docs" });
        (statistics.SparseIndex.Chunks, statistics.SparseIndex.Postings, statistics.TextIndex.Chunks, statistics.TextIndex.Postings).ShouldBe((1, 2, 1, 1));
        statistics.TextIndex.Bytes.ShouldBe(statistics.TextIndexBytes);

        await PatchAsync(new Chunk { ChunkId = "only", Text = "wall" }, "text", "metadata", "passage");
        (await GetAsync(fields)).SparseVector.Indices.ShouldBe([3u, 9u]);
        await PatchAsync(new Chunk { ChunkId = "only", SparseVector = new SparseVector { Indices = { 4 }, Weights = { 1 } } }, "sparse_vector");
        (await GetAsync(fields)).SparseVector.Indices.ShouldBe([4u]);
        await PatchAsync(new Chunk { ChunkId = "only" }, "sparse_vector");
        (await GetAsync(fields)).SparseVector.ShouldBeNull();
        var missing = await cluster.Chunks.UpsertChunksAsync(new UpsertChunksRequest
        {
            Workspace = "docs", Chunks = { Patch(new Chunk { ChunkId = "missing", Text = "x" }, "text", "metadata", "passage", "vectors") },
        });
        missing.Results[0].Error.Code.ShouldBe((int)StatusCode.NotFound);

        async Task<Chunk> GetAsync(ReturnFields? wanted) => (await cluster.Chunks.GetChunksAsync(new GetChunksRequest
        {
            Workspace = "docs", Keys = { new ChunkKey { ChunkId = "only" } }, ReturnFields = wanted,
        })).Chunks.Single();

        async Task PatchAsync(Chunk chunk, params string[] paths) => (await cluster.Chunks.UpsertChunksAsync(
            new UpsertChunksRequest { Workspace = "docs", Chunks = { Patch(chunk, paths) } })).Results[0].Error.ShouldBeNull();

        static ChunkWrite Patch(Chunk chunk, params string[] paths) => new() { Chunk = chunk, UpdateMask = new FieldMask { Paths = { paths } } };
    }

    [Fact]
    public async Task What_makes_no_sense_is_refused_field_by_field()
    {
        await using var cluster = await SearchCluster.StartAsync(shards: 1);
        await cluster.CreateAsync("docs", 1, SampleChunks.Space);
        var good = new SparseVector { Indices = { 1 }, Weights = { 1 } };
        var bad = new[]
        {
            new SparseVector(), new SparseVector { Indices = { 1, 2 }, Weights = { 1 } }, new SparseVector { Indices = { 1, 1 }, Weights = { 1, 1 } },
            new SparseVector { Indices = { 1 }, Weights = { 0 } }, new SparseVector { Indices = { 1 }, Weights = { -1 } },
            new SparseVector { Indices = { 1 }, Weights = { float.NaN } }, new SparseVector { Indices = { 1 }, Weights = { 65_536 } },
            new SparseVector { Indices = { Enumerable.Range(0, 1025).Select(i => (uint)i) }, Weights = { Enumerable.Repeat(1f, 1025) } },
        };
        foreach (var vector in bad)
        {
            var written = await cluster.Chunks.UpsertChunksAsync(
                new UpsertChunksRequest { Workspace = "docs", Chunks = { new ChunkWrite { Chunk = new Chunk { ChunkId = "a", Text = "x", SparseVector = vector } } } });
            written.Results[0].Error.Code.ShouldBe((int)StatusCode.InvalidArgument);
            await RefusedAsync(new SearchRequest { Mode = SearchMode.Sparse, SparseVector = vector }, "sparse_vector");
        }

        var dense = SampleChunks.VectorOf([0, 0, 0, 1]);
        await RefusedAsync(new SearchRequest { SparseVector = good, Vector = dense }, "sparse_vector");
        await RefusedAsync(new SearchRequest { SparseVector = good, Vector = dense, Mode = SearchMode.Sparse }, "vector");
        await RefusedAsync(new SearchRequest { SparseVector = good, Mode = SearchMode.Hybrid }, "vector");
        await RefusedAsync(new SearchRequest { SparseVector = good, Mode = SearchMode.Sparse, Bm25 = new Bm25 { K1 = 1 } }, "bm25");
        await RefusedAsync(new SearchRequest { Vector = dense, Text = "x", Mode = SearchMode.Hybrid, Fusion = new Fusion { SparseVectorWeight = 1 } },
            "fusion.sparse_vector_weight");
        await RefusedAsync(new SearchRequest
        {
            Vector = dense, SparseVector = good, Mode = SearchMode.Hybrid, Fusion = new Fusion { DenseWeight = 0, SparseVectorWeight = 0 },
        }, "fusion");

        async Task RefusedAsync(SearchRequest request, string field)
        {
            request.Workspace = "docs";
            var refused = await Should.ThrowAsync<RpcException>(async () => await cluster.Searches.SearchAsync(request));
            refused.StatusCode.ShouldBe(StatusCode.InvalidArgument);
            refused.Status.Detail.ShouldContain(field);
        }
    }

    [Fact]
    public async Task Titles_count_as_the_workspace_says_and_once()
    {
        await using var cluster = await SearchCluster.StartAsync(shards: 1);
        foreach (var (name, boost) in new[] { ("plain", 0), ("titled", 5) })
        {
            var made = await cluster.Workspaces.CreateWorkspaceAsync(new CreateWorkspaceRequest
            {
                Workspace = new Workspace { Name = name, Spaces = { SampleChunks.Space }, Text = new TextSettings { TitleBoost = boost } },
            });
            made.Workspace.Text.TitleBoost.ShouldBe(Math.Max(1, boost));
            await cluster.UpsertAsync(name,
            [
                new Chunk { ChunkId = "titled", Text = "some text about it", Passage = new Passage { Title = "Granite", HeadingPath = { "Granite" } } },
                new Chunk { ChunkId = "told", Text = "granite granite and text" },
            ]);
        }

        (await BestAsync("plain")).ChunkId.ShouldBe("told");
        (await BestAsync("titled")).ChunkId.ShouldBe("titled");
        (await BestAsync("titled")).Passage.Title.ShouldBe("Granite");
        var statistics = await cluster.Workspaces.GetWorkspaceStatisticsAsync(new GetWorkspaceStatisticsRequest { Workspace = "plain" });
        statistics.TextIndex.Chunks.ShouldBe(2);
        var large = new CreateWorkspaceRequest { Workspace = new Workspace { Name = "w", Spaces = { SampleChunks.Space }, Text = new TextSettings { TitleBoost = 11 } } };
        (await Should.ThrowAsync<RpcException>(async () => await cluster.Workspaces.CreateWorkspaceAsync(large))).Status.Detail.ShouldContain("title_boost");

        async Task<SearchHit> BestAsync(string workspace) =>
            (await cluster.SearchAsync(new SearchRequest { Workspace = workspace, Text = "granite", Mode = SearchMode.Sparse }))[0];
    }

    private static Filter Red => new() { Equal = new EqualFilter { Key = "color", Value = new Value { StringValue = "red" } } };

    private static List<Chunk> Make(int count, int seed)
    {
        var random = new Random(seed);
        var chunks = SampleChunks.Make(count, documents: 25, seed);
        foreach (var chunk in chunks)
        {
            if (random.Next(5) > 0)
                chunk.SparseVector = RandomVector(random);
        }

        return chunks;
    }

    // Weights whose products and sums every precision holds.
    private static SparseVector RandomVector(Random random)
    {
        var vector = new SparseVector();
        foreach (var index in Enumerable.Range(0, random.Next(1, 9)).Select(_ => (uint)random.Next(Terms) * 100_000_007u).Distinct())
        {
            vector.Indices.Add(index);
            vector.Weights.Add(random.Next(1, 33) / 8f);
        }

        return vector;
    }

    private static List<(Chunk Chunk, float Score)> Rank(IEnumerable<Chunk> chunks, SparseVector query) => SampleChunks.Ordered(
        chunks.Where(chunk => chunk.SparseVector is not null).Select(chunk => (chunk, Dot(chunk.SparseVector, query))).Where(hit => hit.Item2 > 0));

    private static float Dot(SparseVector left, SparseVector right) =>
        left.Indices.Zip(left.Weights).Sum(entry => right.Indices.IndexOf(entry.First) is >= 0 and var at ? entry.Second * right.Weights[at] : 0);

    private static void Same(List<SearchHit> hits, IEnumerable<(Chunk Chunk, float Score)> expected) =>
        hits.Select(hit => (hit.DocumentId, hit.ChunkId, hit.Score)).ShouldBe(expected.Select(hit => (hit.Chunk.DocumentId, hit.Chunk.ChunkId, hit.Score)));

    private static async Task<List<SearchHit>> PagesAsync(SearchCluster cluster, SearchRequest request)
    {
        var seen = new List<SearchHit>();
        for (var page = 0; page < 200; page++)
        {
            var answer = await cluster.Searches.SearchAsync(request);
            seen.AddRange(answer.Hits);
            if (answer.NextPageToken.Length == 0)
                return seen;
            request.PageToken = answer.NextPageToken;
        }

        throw new InvalidOperationException("There is no end to the pages.");
    }
}
