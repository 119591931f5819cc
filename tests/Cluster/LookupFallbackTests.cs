using Grpc.Core;
using Rag.Testing;
using Rag.V1;

namespace Rag.Cluster.Tests;

/// <summary>
/// Text searches whose deadline the full encoder would break. It is made slow by an option: a batch waits for a second for
/// company that does not come.
/// </summary>
public sealed class LookupFallbackTests
{
    private const string SlowEncoder = """
        { "Models": { "FallBackToLookup": FALLBACK, "Embedder": { "MaxBatchDelay": "00:00:01", "ExecutionProvider": "Cpu" } } }
        """;

    [Fact]
    public async Task A_text_search_with_a_short_deadline_is_answered_by_the_lookup_encoder_and_says_so()
    {
        using var folder = new TemporaryFolder();
        await using var server = await StartAsync(folder, fallsBack: true);
        var search = await FillAsync(server);
        var answer = await FallenBackAsync(search, "where do the boats lie", SearchMode.Dense);
        answer.Encoder.ShouldBe(Encoder.Lookup);
        answer.Hits[0].ChunkId.ShouldBe("harbour");
        await FallenBackAsync(search, "where do the ships lie", SearchMode.Hybrid);

        // With time enough it is the full one, and what a caller asks for stays what it is.
        var patient = await search.SearchAsync(Query("where do the boats lie"), deadline: In(40));
        patient.EncoderFallback.ShouldBeFalse();
        patient.Encoder.ShouldBe(Encoder.Full);
        var wanted = Query("which boats are there");
        wanted.Encoder = Encoder.Full;
        (await Should.ThrowAsync<RpcException>(async () => await search.SearchAsync(wanted, deadline: In(0.5))))
            .StatusCode.ShouldBeOneOf(StatusCode.DeadlineExceeded, StatusCode.ResourceExhausted);
    }

    [Fact]
    public async Task With_the_option_off_it_fails_with_a_sentence()
    {
        using var folder = new TemporaryFolder();
        await using var server = await StartAsync(folder, fallsBack: false);
        var search = await FillAsync(server);
        (await search.SearchAsync(Query("where do the boats lie"), deadline: In(40))).Encoder.ShouldBe(Encoder.Full);
        var error = await Should.ThrowAsync<RpcException>(
            async () => await search.SearchAsync(Query("where do the ships lie"), deadline: In(0.5)));
        error.StatusCode.ShouldBeOneOf(StatusCode.DeadlineExceeded, StatusCode.ResourceExhausted);
        error.Status.Detail.ShouldNotBeEmpty();
    }

    // A machine that is busy may miss the deadline with either encoder; each text is tried by the full one once.
    private static async Task<SearchResponse> FallenBackAsync(
        SearchService.SearchServiceClient search, string text, SearchMode mode)
    {
        SearchResponse? fallen = null;
        var tries = 0;
        await Eventually.HoldsAsync(
            async () =>
            {
                try
                {
                    var answer = await search.SearchAsync(Query($"{text} {tries++}", mode), deadline: In(1.4));
                    fallen = answer.EncoderFallback ? answer : null;
                }
                catch (RpcException late) when (late.StatusCode == StatusCode.DeadlineExceeded)
                {
                    fallen = null;
                }

                return fallen is not null;
            },
            "a search falls back to the lookup encoder", TimeSpan.FromSeconds(40));
        return fallen!;
    }

    private static async Task<ServerProcess> StartAsync(TemporaryFolder folder, bool fallsBack)
    {
        await File.WriteAllTextAsync(folder.Combine("rag.json"), SlowEncoder.Replace("FALLBACK", fallsBack ? "true" : "false"));
        return await ServerProcess.StartAsync("serve", FreePort.Next(), "--data", folder.Path);
    }

    private static async Task<SearchService.SearchServiceClient> FillAsync(ServerProcess server)
    {
        await new WorkspaceService.WorkspaceServiceClient(server.Channel).CreateWorkspaceAsync(
            new CreateWorkspaceRequest { Workspace = new Workspace { Name = "docs" } }, deadline: In(40));
        await new ChunkService.ChunkServiceClient(server.Channel).UpsertChunksAsync(
            new UpsertChunksRequest
            {
                Workspace = "docs",
                Chunks =
                {
                    new ChunkWrite { Chunk = new Chunk { ChunkId = "harbour", Text = "The boats and ships lie in the harbour." } },
                    new ChunkWrite { Chunk = new Chunk { ChunkId = "bread", Text = "Bread is made of flour, water and salt." } },
                },
            },
            deadline: In(40));
        var search = new SearchService.SearchServiceClient(server.Channel);
        // Model and table are loaded by their first use, which may take long on a busy machine.
        foreach (var encoder in new[] { Encoder.Lookup, Encoder.Full })
        {
            var first = Query($"warm up {encoder}");
            first.Encoder = encoder;
            await search.SearchAsync(first, deadline: In(60));
        }

        return search;
    }

    private static SearchRequest Query(string text, SearchMode mode = SearchMode.Dense) =>
        new() { Workspace = "docs", Text = text, K = 2, Mode = mode };

    private static DateTime In(double seconds) => DateTime.UtcNow.AddSeconds(seconds);
}
