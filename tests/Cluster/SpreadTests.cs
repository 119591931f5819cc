using Grpc.Core;
using Rag.Testing;
using Rag.V1;

namespace Rag.Cluster.Tests;

/// <summary>One corpus in one process and over three shards with spread 4: the same answers as exact search.</summary>
public sealed class SpreadTests
{
    private const int Dimension = 16;
    private const int Chunks = 600;

    [Fact]
    public async Task Three_shards_answer_as_one_process_and_as_exact_search_do()
    {
        using var data = new TemporaryFolder();
        await using var single = await ServerProcess.StartAsync("serve", FreePort.Next(), "--data", data.Path);
        await using var cluster = await ThreeShards.StartAsync();
        var corpus = Corpus.Make(Chunks, Dimension, seed: 11);
        await corpus.LoadAsync(single.Channel, spread: 1);
        await corpus.LoadAsync(cluster.Router.Channel, spread: 4);

        for (var seed = 100; seed < 120; seed++)
        {
            var query = Corpus.Vector(new Random(seed), Dimension);
            var expected = corpus.Exact(query, k: 10, offset: seed % 7);
            var one = await SearchAsync(single, query, offset: seed % 7);
            var three = await SearchAsync(cluster.Router, query, offset: seed % 7);
            one.Hits.Select(hit => hit.ChunkId).ShouldBe(expected);
            three.Hits.Select(hit => hit.ChunkId).ShouldBe(expected);
            three.MissingPartitions.ShouldBeEmpty();
        }

        for (var seed = 200; seed < 210; seed++)
        {
            foreach (var mode in new[] { SearchMode.Sparse, SearchMode.Hybrid })
            {
                var one = await SearchWordsAsync(single, seed, mode);
                var three = await SearchWordsAsync(cluster.Router, seed, mode);
                one.Count.ShouldBe(25);
                three.ShouldBe(one);
            }
        }

        await ListsAgreeAsync(single, cluster.Router, corpus);
    }

    [Fact]
    public async Task A_dead_shard_is_a_clear_error_or_a_marked_partial_answer()
    {
        await using var cluster = await ThreeShards.StartAsync();
        var corpus = Corpus.Make(200, Dimension, seed: 12);
        await corpus.LoadAsync(cluster.Router.Channel, spread: 4);
        var workspace = (await new WorkspaceService.WorkspaceServiceClient(cluster.Router.Channel)
            .GetWorkspaceAsync(new GetWorkspaceRequest { Workspace = Corpus.Workspace })).Workspace;
        var owners = workspace.Partitions.ToLookup(partition => cluster.OwnerOf(partition));
        var victim = owners.First().Key;

        await cluster.Shards[victim].KillAsync();
        var query = Corpus.Vector(new Random(5), Dimension);
        var fault = await Should.ThrowAsync<RpcException>(() => SearchAsync(cluster.Router, query, offset: 0));
        fault.StatusCode.ShouldBe(StatusCode.Unavailable);
        fault.Status.Detail.ShouldNotBeNullOrWhiteSpace();

        if (owners.Count == 1)
            return;
        var partial = await SearchAsync(cluster.Router, query, offset: 0, allowPartial: true);
        partial.MissingPartitions.ShouldBe(owners[victim], ignoreOrder: true);
        partial.Hits.Count.ShouldBe(10);
        var alive = corpus.Documents.Where(id => !owners[victim].Contains(corpus.PartitionOf(id, workspace))).ToHashSet();
        partial.Hits.ShouldAllBe(hit => alive.Contains(hit.DocumentId));
    }

    private static async Task ListsAgreeAsync(ServerProcess single, ServerProcess router, Corpus corpus)
    {
        var expected = corpus.Documents.Order(StringComparer.Ordinal).ToList();
        (await ListAsync(single)).ShouldBe(expected);
        (await ListAsync(router)).ShouldBe(expected);
    }

    private static async Task<List<string>> ListAsync(ServerProcess server)
    {
        var chunks = new ChunkService.ChunkServiceClient(server.Channel);
        var ids = new List<string>();
        var request = new ListChunksRequest { Workspace = Corpus.Workspace, PageSize = 97 };
        do
        {
            var page = await chunks.ListChunksAsync(request);
            ids.AddRange(page.Chunks.Select(chunk => chunk.ChunkId));
            request.PageToken = page.NextPageToken;
        }
        while (request.PageToken.Length > 0);
        return ids;
    }

    private static async Task<List<(string Id, float Score, string Text)>> SearchWordsAsync(
        ServerProcess server, int seed, SearchMode mode)
    {
        var random = new Random(seed);
        var request = new SearchRequest
        {
            Workspace = Corpus.Workspace, K = 25, Offset = seed % 5, Mode = mode, Text = Corpus.Words(random, 3), Exact = true,
        };
        if (mode == SearchMode.Hybrid)
            request.Vector = new Vector { Dense = new DenseVector { Values = { Corpus.Vector(random, Dimension) } } };
        var answer = await new SearchService.SearchServiceClient(server.Channel).SearchAsync(request);
        return [.. answer.Hits.Select(hit => (hit.ChunkId, hit.Score, hit.Text))];
    }

    private static async Task<SearchResponse> SearchAsync(
        ServerProcess server, float[] query, int offset, bool allowPartial = false) =>
        await new SearchService.SearchServiceClient(server.Channel).SearchAsync(new SearchRequest
        {
            Workspace = Corpus.Workspace, K = 10, Offset = offset, AllowPartial = allowPartial, Exact = true,
            Vector = new Vector { Dense = new DenseVector { Values = { query } } },
        });
}
