using System.Text.Json;
using Rag.Metadata.Sqlite;
using Rag.Testing;
using Rag.V1;
using JobState = Rag.V1.JobState;

namespace Rag.Cluster.Tests;

/// <summary>NATS, a shard, a router and two ingestors, each its own process.</summary>
public sealed class IngestLanesTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);

    [Fact]
    public async Task Ingestors_share_the_work_take_over_from_a_killed_one_and_take_what_npms_client_publishes()
    {
        using var folder = new TemporaryFolder();
        await using var nats = await NatsServer.StartAsync();
        var shardPort = FreePort.Next();
        var topology = folder.Combine("topology.json");
        await File.WriteAllTextAsync(topology,
            $$"""{"version":1,"partitions":16,"shards":[{"name":"shard-0","address":"http://127.0.0.1:{{shardPort}}"}]}""");
        var data = folder.Combine("router");
        Directory.CreateDirectory(data);
        await File.WriteAllTextAsync(Path.Combine(data, "rag.json"), JsonSerializer.Serialize(new
        {
            Nats = new { Urls = new[] { nats.Url } },
            Publishing = new { MaxWaitingBytes = 16 << 20, DeadLetterBytes = 1 << 20 },
            // Few at a time, so that both have to work.
            Ingestor = new { Lease = "00:00:05", MaxJobs = 4 },
        }));
        await using var shard = await ServerProcess.StartAsync(
            "shard", shardPort, "--name", "shard-0", "--topology", topology, "--data", folder.Combine("shard"));
        await using var router = await ServerProcess.StartAsync(
            "router", FreePort.Next(), "--topology", topology, "--data", data);
        await new WorkspaceService.WorkspaceServiceClient(router.Channel).CreateWorkspaceAsync(new CreateWorkspaceRequest
        {
            Workspace = new Workspace { Name = "docs", Embedding = new EmbeddingSettings { Ingest = EmbeddingIngest.Fast } },
        });
        var ingest = new IngestService.IngestServiceClient(router.Channel);
        var store = await SqliteMetadataStore.OpenAsync(new SqliteMetadataOptions { Folder = Path.Combine(data, "metadata") });
        await using var open = store;
        await using var first = StartIngestor("first", router.Address, data);
        await using var second = StartIngestor("second", router.Address, data);
        await Task.WhenAll(first.WaitForLineAsync("works for the router", Limit), second.WaitForLineAsync("works for the router", Limit));

        // Nothing can be written while the shard stands still: who has jobs keeps them, however fast or slow the machine is.
        shard.Signal("STOP");
        var text = string.Join("\n\n", Enumerable.Range(0, 300).Select(i => $"Paragraph {i} speaks of matters that are of no importance at all."));
        await Task.WhenAll(Enumerable.Range(0, 48).Select(i => ingest.SubmitTextAsync(new SubmitTextRequest
        {
            Source = new DocumentSource { Workspace = "docs", DocumentId = $"d{i}" }, Text = $"Document {i}.\n\n{text}",
        }).ResponseAsync));
        await Eventually.HoldsAsync(
            async () => (await store.Jobs.ListWorkersAsync(default)).ToHashSet().IsSupersetOf(["first", "second"]), "both ingestors hold jobs",
            Limit);
        await first.KillAsync();
        shard.Signal("CONT");

        var jobs = await EndedAsync(ingest);
        jobs.Count.ShouldBe(48);
        jobs.ShouldAllBe(job => job.State == JobState.Done);
        jobs.ShouldContain(job => job.Attempts >= 2);
        var count = await new ChunkService.ChunkServiceClient(router.Channel).CountChunksAsync(new CountChunksRequest { Workspace = "docs" });
        count.Count.ShouldBe(jobs.Sum(job => job.Chunks));

        await using var peer = await NpmNatsPeer.StartAsync("publish.mjs", $"{nats.Port}", "docs");
        var answers = await NpmNatsPeer.ResultAsync(peer);
        answers.GetProperty("duplicate").GetBoolean().ShouldBeTrue();
        foreach (var (document, status) in new[] { ("trains", "0"), ("boats", "0"), ("lost", "5"), ("wrong", "3") })
            answers.GetProperty(document).GetProperty("status").GetString().ShouldBe(status, document);
        answers.GetProperty("trains").GetProperty("body").GetProperty("job").GetProperty("priority").GetString().ShouldBe("JOB_PRIORITY_HIGH");
        answers.GetProperty("wrong").GetProperty("body").GetProperty("details")[0].GetProperty("fieldViolations")[0]
            .GetProperty("field").GetString().ShouldBe("Rag-Priority");
        (await EndedAsync(ingest)).Count.ShouldBe(50);
        var hits = await new SearchService.SearchServiceClient(router.Channel).SearchAsync(new SearchRequest
        {
            Workspace = "docs", Text = "boat to Ålesund", K = 1,
        });
        hits.Hits.Single().DocumentId.ShouldBe("boats");
        hits.Hits.Single().Metadata["year"].IntegerValue.ShouldBe(2024);
    }

    private static ChildProcess StartIngestor(string name, string router, string data) => ChildProcess.Start(
        "dotnet", [Path.Combine(AppContext.BaseDirectory, "Rag.Cli.dll"), "ingestor", "--router", router, "--data", data],
        environment: new Dictionary<string, string?> { ["RAG_Ingestor__WorkerName"] = name });

    private static async Task<List<Job>> EndedAsync(IngestService.IngestServiceClient ingest)
    {
        List<Job> jobs = [];
        await Eventually.HoldsAsync(
            async () =>
            {
                jobs = [.. (await ingest.ListJobsAsync(new ListJobsRequest { Workspace = "docs", PageSize = 1000 })).Jobs];
                return jobs.All(job => job.State >= JobState.Done);
            },
            "all jobs to end", Limit);
        return jobs;
    }
}
