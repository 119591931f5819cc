using System.Diagnostics;
using System.Text.Json;
using Rag.Testing;

namespace Rag.Cluster.Tests;

/// <summary><c>rag cluster</c> as a user types it: every node a real process, on any free ports.</summary>
public sealed class ClusterCommandTests : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string StateFile => _folder.Combine("cluster", "cluster.json");

    public async ValueTask DisposeAsync()
    {
        if (File.Exists(StateFile))
            await RunAsync("cluster", "down");
        _folder.Dispose();
    }

    [Fact]
    public async Task A_cluster_comes_up_answers_outlives_a_shard_and_goes_down()
    {
        var up = await RunAsync("cluster", "up", "--shards", "2", "--replication", "1", "--postgres", "0", "--any-port", "--json");
        up.Code.ShouldBe(0, up.Text);
        var nodes = Nodes(up);
        nodes.Keys.Order().ShouldBe(["ingestor-0", "nats-0", "nats-1", "nats-2", "router-0", "shard-0", "shard-1"]);
        await ReadyAsync();
        (await File.ReadAllTextAsync(_folder.Combine("cluster", "logs", "ingestor-0.log"))).ShouldContain("Ingesting as ingestor-0:");
        (Partitions(nodes["shard-0"]) + Partitions(nodes["shard-1"])).ShouldBe(256);

        await File.WriteAllTextAsync(_folder.Combine("travel.md"), "# Travel\n\nTravel costs are claimed by the fifth of the next month.");
        (await RunAsync("ingest", _folder.Combine("travel.md"), "-w", "handbook")).Code.ShouldBe(0);
        (await SearchAsync()).ShouldContain("fifth of the next month");

        // Both shards in turn: one of them holds the workspace.
        foreach (var shard in new[] { "shard-0", "shard-1" })
        {
            (await RunAsync("cluster", "kill", shard)).Code.ShouldBe(0);
            var broken = await RunAsync("cluster", "status", "--json");
            broken.Code.ShouldBe(1);
            Nodes(broken)[shard].GetProperty("state").GetString().ShouldBe("dead");
            Nodes(broken)[shard].GetProperty("pid").ValueKind.ShouldBe(JsonValueKind.Null);
            (await RunAsync("cluster", "start", shard)).Code.ShouldBe(0);
        }

        await ReadyAsync();
        (await SearchAsync()).ShouldContain("fifth of the next month", customMessage: "what was acknowledged outlives both kills");

        (await RunAsync("cluster", "down")).Code.ShouldBe(0);
        nodes.Values.Select(node => node.GetProperty("pid").GetInt32()).Where(IsAlive).ShouldBeEmpty();
        var down = await RunAsync("search", "travel", "-w", "handbook");
        down.Code.ShouldBe(1);
        down.Text.ShouldContain("has no router that runs");
        (await RunAsync("cluster", "kill", "shard-7")).Text.ShouldContain("has no node shard-7");
    }

    [Fact]
    public async Task A_node_that_does_not_start_is_named_with_its_log_and_nothing_is_left_running()
    {
        await File.WriteAllTextAsync(_folder.Combine("rag.json"), """{ "Shard": { "SearchParallelism": 0 } }""");
        var up = await RunAsync("cluster", "up", "--shards", "1", "--replication", "1", "--nats", "1", "--postgres", "0", "--any-port");
        up.Code.ShouldBe(1);
        up.Text.ShouldContain("shard-0 ended; its log");
        up.Text.ShouldContain("SearchParallelism");
        using var state = JsonDocument.Parse(await File.ReadAllTextAsync(StateFile));
        state.RootElement.GetProperty("nodes").EnumerateArray()
            .ShouldAllBe(node => node.GetProperty("process").ValueKind == JsonValueKind.Null);
        var status = await RunAsync("cluster", "status", "--json");
        Nodes(status).Values.ShouldAllBe(node => node.GetProperty("state").GetString() == "stopped");
    }

    [Fact]
    public async Task When_the_primary_of_metadata_dies_a_replica_is_promoted_and_nothing_is_lost()
    {
        // The server's own user, which root starts it as, has to pass through.
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(_folder.Path, (UnixFileMode)0b111_001_001);
        var up = await RunAsync("cluster", "up", "--shards", "1", "--replication", "1", "--nats", "1", "--postgres", "2", "--any-port");
        up.Code.ShouldBe(0, up.Text);
        (await RunAsync("workspace", "create", "kept")).Code.ShouldBe(0);
        (await RunAsync("cluster", "kill", "postgres-0")).Code.ShouldBe(0);
        (await RunAsync("cluster", "promote")).Text.ShouldContain("postgres-1 is the primary now");
        (await RunAsync("workspace", "get", "kept")).Code.ShouldBe(0);
        // With synchronous replicas a write waits for one: the former primary comes back as that.
        (await RunAsync("cluster", "start", "postgres-0")).Code.ShouldBe(0);
        await Eventually.HoldsAsync(
            async () => (await RunAsync("workspace", "create", "later")).Code == 0, "a workspace is made", TimeSpan.FromSeconds(60));
        (await RunAsync("cluster", "promote", "postgres-1")).Text.ShouldContain("is the primary already");
        // No primary is stopped for a replica that cannot take its place.
        (await RunAsync("cluster", "kill", "postgres-0")).Code.ShouldBe(0);
        (await RunAsync("cluster", "promote", "postgres-0")).Text.ShouldContain("postgres-0 does not run");
        (await RunAsync("cluster", "promote", "shard-0")).Text.ShouldContain("shard-0 is no server of PostgreSQL");
        (await RunAsync("cluster", "promote")).Text.ShouldContain("No replica of PostgreSQL runs");
        (await RunAsync("workspace", "get", "later")).Code.ShouldBe(0);
        (await RunAsync("cluster", "start", "postgres-0")).Code.ShouldBe(0);
        (await RunAsync("cluster", "promote", "postgres-0")).Text.ShouldContain("postgres-1, which was it, is stopped");
    }

    // A busy machine may leave one question unanswered.
    private Task ReadyAsync() => Eventually.HoldsAsync(
        async () => (await RunAsync("cluster", "status")).Code == 0, "every node is ready", TimeSpan.FromSeconds(60));

    private async Task<string> SearchAsync()
    {
        // A router that has just seen its shard die may need a moment to see it again.
        var run = (Code: -1, Text: "");
        await Eventually.HoldsAsync(
            async () => (run = await RunAsync("search", "when", "do", "I", "claim", "travel", "costs", "-w", "handbook")).Code == 0,
            "a search is answered", TimeSpan.FromSeconds(60));
        return run.Text;
    }

    private async Task<(int Code, string Text)> RunAsync(params string[] arguments)
    {
        await using var child = ChildProcess.Start(
            "dotnet", [Path.Combine(AppContext.BaseDirectory, "Rag.Cli.dll"), .. arguments, "--data", _folder.Path]);
        var code = await child.WaitForExitAsync(TimeSpan.FromMinutes(3));
        // The last lines may come after the end of the process was seen.
        await Eventually.HoldsAsync(() => child.Output.Length > 0, "its output");
        return (code, child.Output);
    }

    private static Dictionary<string, JsonElement> Nodes((int Code, string Text) run)
    {
        var line = run.Text.Split('\n').First(line => line.StartsWith("{\"nodes\"", StringComparison.Ordinal));
        return JsonDocument.Parse(line).RootElement.GetProperty("nodes").EnumerateArray()
            .ToDictionary(node => node.GetProperty("name").GetString()!);
    }

    private static int Partitions(JsonElement node) => node.GetProperty("partitions").GetInt32();

    private static bool IsAlive(int processId)
    {
        try
        {
            using var process = Process.GetProcessById(processId);
            return !process.HasExited && !File.ReadAllText($"/proc/{processId}/stat").Contains(") Z ");
        }
        catch (Exception gone) when (gone is ArgumentException or InvalidOperationException or IOException)
        {
            return false;
        }
    }
}
