using Grpc.Core;
using Rag.V1;

namespace Rag.Cluster.Tests.Retrieval;

/// <summary>Page after page while others write: what does not change is seen exactly once.</summary>
public sealed class PagingTests
{
    [Theory]
    [InlineData(SearchMode.Dense, false)]
    [InlineData(SearchMode.Dense, true)]
    [InlineData(SearchMode.Sparse, false)]
    [InlineData(SearchMode.Sparse, true)]
    [InlineData(SearchMode.Hybrid, false)]
    public async Task Pages_under_writes_have_everything_that_stays_exactly_once(SearchMode mode, bool grouped)
    {
        await using var cluster = await SearchCluster.StartAsync(shards: 2);
        await cluster.CreateAsync("docs", 4, SampleChunks.Space);
        var stays = SampleChunks.Make(300, documents: 25, seed: 5);
        await cluster.UpsertAsync("docs", stays);
        await cluster.UpsertAsync("docs", Moving(0));
        var request = new SearchRequest
        {
            Workspace = "docs", Mode = mode, K = 7, Paging = true, Exact = true, Fusion = mode == SearchMode.Hybrid ? new Fusion { Candidates = 500 } : null,
            Grouping = grouped ? new Grouping() : null,
        };
        if (mode != SearchMode.Sparse)
            request.Vector = SampleChunks.VectorOf([0.25f, 0, -0.5f, 0.25f]);
        if (mode != SearchMode.Dense)
            request.Text = "walls of marble";
        var whole = await cluster.SearchAsync(new SearchRequest(request) { K = 1000, Fusion = null });
        var seen = new List<SearchHit>();
        for (var page = 1; ; page++)
        {
            var answer = await cluster.Searches.SearchAsync(request);
            seen.AddRange(answer.Hits);
            answer.Hits.Count.ShouldBeLessThanOrEqualTo(7);
            if (answer.NextPageToken.Length == 0)
                break;
            answer.Hits.Count.ShouldBe(7);
            request.PageToken = answer.NextPageToken;
            // Between pages everything else is written anew somewhere else, and some of it is gone.
            await cluster.UpsertAsync("docs", Moving(page));
            await cluster.Chunks.DeleteChunksAsync(new DeleteChunksRequest
            {
                Workspace = "docs", Documents = new DocumentIds { DocumentIds_ = { $"moving{page % 40}" } },
            });
            page.ShouldBeLessThan(400);
        }

        static bool Stays(SearchHit hit) => !hit.DocumentId.StartsWith("moving");
        seen.Where(Stays).Select(hit => hit.ChunkId).ShouldBe(whole.Where(Stays).Select(hit => hit.ChunkId));
        seen.Where(Stays).Select(hit => hit.Score).ShouldBe(whole.Where(Stays).Select(hit => hit.Score));
    }

    [Fact]
    public async Task A_token_is_refused_with_another_search_and_where_pages_make_no_sense()
    {
        await using var cluster = await SearchCluster.StartAsync(shards: 1);
        await cluster.CreateAsync("docs", 1, SampleChunks.Space);
        await cluster.UpsertAsync("docs", SampleChunks.Make(50, documents: 10, seed: 6));
        var request = new SearchRequest { Workspace = "docs", Text = "wall", Mode = SearchMode.Sparse, K = 2, Paging = true };
        var first = await cluster.Searches.SearchAsync(request);
        first.NextPageToken.ShouldNotBeEmpty();
        foreach (var other in new SearchRequest[]
        {
            new(request) { PageToken = first.NextPageToken, Text = "walls and houses" },
            new(request) { PageToken = first.NextPageToken, Mode = SearchMode.Dense, Vector = SampleChunks.VectorOf([0, 0, 0, 1]) },
            new(request) { PageToken = "nonsense" },
            new(request) { PageToken = first.NextPageToken, Offset = 3 },
        })
        {
            (await Should.ThrowAsync<RpcException>(async () => await cluster.Searches.SearchAsync(other))).StatusCode.ShouldBe(StatusCode.InvalidArgument);
        }
    }

    // Forty documents that are somewhere else each time.
    private static IEnumerable<Chunk> Moving(int round)
    {
        var random = new Random(1000 + round);
        return Enumerable.Range(0, 40).Select(i => new Chunk
        {
            DocumentId = $"moving{i}", ChunkId = $"m{i}", Text = SampleChunks.Text(random, random.Next(1, 30)),
            Vectors = { [""] = SampleChunks.VectorOf(SampleChunks.Vector(random)) },
        });
    }
}
