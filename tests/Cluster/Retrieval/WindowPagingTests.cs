using Grpc.Core;
using Rag.Testing;
using Rag.V1;

namespace Rag.Cluster.Tests.Retrieval;

/// <summary>Pages of searches whose order is not by score and key alone, while others write.</summary>
public sealed class WindowPagingTests
{
    private static readonly string[] Kinds = ["ranks", "boosts", "diversity", "late", "rerank", "best", "documents", "diverse documents"];

    public static TheoryData<string> Searches => [.. Kinds];

    [Theory]
    [MemberData(nameof(Searches))]
    public async Task Pages_under_writes_are_the_window_of_the_first_page_without_what_is_deleted(string kind)
    {
        using var models = new TemporaryFolder();
        await using var cluster = await StartAsync(models);
        var whole = await cluster.Searches.SearchAsync(RequestOf(kind, isWhole: true));
        var request = RequestOf(kind, isWhole: false);
        request.Paging = true;
        var (seen, gone) = (new List<SearchHit>(), new HashSet<string>());
        for (var page = 1; ; page++)
        {
            var answer = await cluster.Searches.SearchAsync(request);
            answer.PageWindow.ShouldBe(EntriesOf(request, whole.Hits));
            answer.Encoder.ShouldBe(whole.Encoder);
            answer.Hits.ShouldAllBe(hit => !gone.Contains(hit.DocumentId) && hit.Version > 0);
            seen.AddRange(answer.Hits);
            if (answer.NextPageToken.Length == 0)
                break;
            request.PageToken = answer.NextPageToken;
            // Everything else is written anew somewhere else, and some of it is gone for good.
            await cluster.UpsertAsync("docs", Moving(page).Where(chunk => !gone.Contains(chunk.DocumentId)));
            gone.Add($"moving{page}");
            await cluster.Chunks.DeleteChunksAsync(new DeleteChunksRequest { Workspace = "docs", Documents = new DocumentIds { DocumentIds_ = { $"moving{page}" } } });
            page.ShouldBeLessThan(100);
        }

        seen.Select(hit => hit.ChunkId).ShouldBeUnique();
        static bool Stays(SearchHit hit) => !hit.DocumentId.StartsWith("moving");
        seen.Where(Stays).Select(hit => (hit.ChunkId, hit.Score, hit.DenseScore, hit.SparseScore)).ShouldBe(
            whole.Hits.Where(Stays).Select(hit => (hit.ChunkId, hit.Score, hit.DenseScore, hit.SparseScore)), kind);
        seen.Count(hit => !Stays(hit)).ShouldBeGreaterThanOrEqualTo(whole.Hits.Count(hit => !Stays(hit) && !gone.Contains(hit.DocumentId)));
    }

    [Fact]
    public async Task A_window_of_long_ids_is_as_large_as_a_token_holds_and_says_so()
    {
        await using var cluster = await SearchCluster.StartAsync(shards: 1);
        await cluster.CreateAsync("docs", 1, SampleChunks.Space);
        var random = new Random(3);
        await cluster.UpsertAsync("docs", Enumerable.Range(0, 600).Select(i => new Chunk
        {
            DocumentId = Noise(random), ChunkId = Noise(random), Vectors = { [""] = SampleChunks.VectorOf(SampleChunks.Vector(random)) },
        }));
        var request = new SearchRequest
        {
            Workspace = "docs", Vector = SampleChunks.VectorOf([0, 0, 0, 1]), K = 40, Paging = true, Exact = true, Candidates = 600, ReturnFields = new ReturnFields(),
            Boosts = { new Boost { Key = "none", Number = 1, Scale = 1 } },
        };
        var (count, window) = (0, 0);
        do
        {
            var answer = await cluster.Searches.SearchAsync(request);
            answer.NextPageToken.Length.ShouldBeLessThanOrEqualTo(64 * 1024);
            (count, window, request.PageToken) = (count + answer.Hits.Count, answer.PageWindow, answer.NextPageToken);
        }
        while (request.PageToken.Length > 0);

        count.ShouldBe(window);
        window.ShouldBeInRange(80, 599);
    }

    [Fact]
    public async Task A_token_of_another_search_and_a_damaged_one_are_refused()
    {
        using var models = new TemporaryFolder();
        await using var cluster = await StartAsync(models);
        var request = RequestOf("ranks", isWhole: false);
        request.Paging = true;
        request.PageToken = (await cluster.Searches.SearchAsync(request)).NextPageToken;
        foreach (var other in new SearchRequest[]
        {
            new(request) { Text = "other words" }, new(request) { Fusion = null }, new(request) { Offset = 1 },
            new(request) { Boosts = { new Boost { Key = "year", Number = 2000, Scale = 1 } } }, new(request) { PageToken = "nonsense!" },
        })
            (await Should.ThrowAsync<RpcException>(async () => await cluster.Searches.SearchAsync(other))).StatusCode.ShouldBe(StatusCode.InvalidArgument);

        var random = new Random(4);
        var token = request.PageToken;
        for (var i = 0; i < 200; i++)
        {
            var letters = token.ToCharArray();
            letters[random.Next(letters.Length)] = "Aa0_-"[random.Next(5)];
            request.PageToken = new string(letters)[..random.Next(1, letters.Length + 1)];
            try
            {
                await cluster.Searches.SearchAsync(request);
            }
            catch (RpcException fault)
            {
                fault.StatusCode.ShouldBe(StatusCode.InvalidArgument, request.PageToken);
            }
        }
    }

    private static SearchRequest RequestOf(string kind, bool isWhole)
    {
        var request = new SearchRequest { Workspace = "docs", Exact = true, K = isWhole ? 80 : 7, Vector = SampleChunks.VectorOf([0.25f, 0, -0.5f, 0.25f]) };
        if (kind is "ranks" or "documents")
            (request.Mode, request.Text) = (SearchMode.Hybrid, "walls of marble");
        switch (kind)
        {
            case "ranks":
                // Both lists have all chunks, so that the window has all of them too.
                request.Fusion = new Fusion { Method = FusionMethod.ReciprocalRank, Candidates = 1000 };
                request.K = isWhole ? 1000 : 37;
                break;
            case "boosts":
                request.Candidates = 80;
                request.Boosts.Add(new Boost { Key = "year", Number = 2010, Scale = 5, Weight = 2 });
                break;
            case "diversity":
                request.Diversity = new Diversity { Lambda = 0.5f, FetchK = 80 };
                break;
            case "late":
                request.LateInteraction = new LateInteraction { TopN = 80, MultiVector = Tokens(new Random(1)) };
                break;
            case "rerank":
                (request.Text, request.Rerank) = ("stone", new Rerank { Model = "judge", TopN = 80 });
                break;
            case "best":
                request.Candidates = 1000;
                request.Vector = null;
                request.Examples = new Examples { Strategy = ExampleStrategy.BestScore, Positive = { Example(0, 1), Example(1, 0) }, Negative = { Example(-1, -1) } };
                request.K = isWhole ? 1000 : 17;
                break;
            case "documents":
                request.Grouping = new Grouping { ChunksPerDocument = 3 };
                request.Fusion = new Fusion { Candidates = 200 };
                break;
            default:
                request.Grouping = new Grouping { ChunksPerDocument = 2 };
                request.Diversity = new Diversity { FetchK = 80 };
                break;
        }

        return request;
    }

    private static Example Example(float x, float y) => new() { Vector = SampleChunks.VectorOf([x, y, 0, 0]) };

    private static int EntriesOf(SearchRequest request, IEnumerable<SearchHit> hits) =>
        request.Grouping is null ? hits.Count() : hits.Select(hit => hit.DocumentId).Distinct().Count();

    private static async Task<SearchCluster> StartAsync(TemporaryFolder models)
    {
        TinyCrossEncoder.Write(models.Combine("judge"), [("stone", 1), ("granite", -2), ("marbles", 4), ("wall", 8), ("walls", 16), ("house", -32), ("the", 0.5f), ("runs", 0.25f)]);
        var cluster = await SearchCluster.StartAsync(2, models.Path);
        await cluster.Workspaces.CreateWorkspaceAsync(
            new CreateWorkspaceRequest { Workspace = new Workspace { Name = "docs", Spread = 4, Spaces = { SampleChunks.Space }, MultiVectorDimension = 2 } });
        var random = new Random(30);
        var stays = SampleChunks.Make(200, documents: 25, seed: 31);
        foreach (var chunk in stays)
            chunk.MultiVector = Tokens(random);
        await cluster.UpsertAsync("docs", stays);
        await cluster.UpsertAsync("docs", Moving(0));
        return cluster;
    }

    // Forty documents that are somewhere else each time.
    private static IEnumerable<Chunk> Moving(int round)
    {
        var random = new Random(1000 + round);
        return Enumerable.Range(0, 40).Select(i => new Chunk
        {
            DocumentId = $"moving{i}", ChunkId = $"m{i}", Text = SampleChunks.Text(random, random.Next(1, 30)), MultiVector = Tokens(random),
            Vectors = { [""] = SampleChunks.VectorOf(SampleChunks.Vector(random)) }, Metadata = { ["year"] = new Value { IntegerValue = random.Next(1990, 2030) } },
        });
    }

    private static MultiVector Tokens(Random random) => new()
    {
        Dense = new DenseVectors { Vectors = { Enumerable.Range(0, 3).Select(_ => new DenseVector { Values = { random.NextSingle(), random.NextSingle() } }) } },
    };

    private static string Noise(Random random) => Convert.ToBase64String(Enumerable.Range(0, 150).Select(_ => (byte)random.Next(256)).ToArray());
}
