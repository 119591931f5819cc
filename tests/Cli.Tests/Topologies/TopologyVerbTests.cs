using System.Text.Json;
using Rag.Hosting.Topology;
using Rag.Testing;

namespace Rag.Cli.Tests.Topologies;

/// <summary>On a file; what differs on NATS is tested with <see cref="TopologyStream"/>.</summary>
public sealed class TopologyVerbTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Cluster => _folder.Combine("cluster.json");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task The_first_topology_is_made_shown_and_changed()
    {
        await File.WriteAllTextAsync(_folder.Combine("wanted.json"), """
            {"version": 1, "partitions": 16, "replicationFactor": 2, "shards": [
              {"name": "a", "address": "http://127.0.0.1:1"}, {"name": "b", "address": "http://127.0.0.1:2"}]}
            """);
        var first = Json(await RunAsync("apply", _folder.Combine("wanted.json"), "--json"));
        first.GetProperty("version").GetInt64().ShouldBe(1);
        Guid.TryParse(first.GetProperty("cluster").GetString(), out _).ShouldBeTrue("a new cluster gets an id");
        first.GetProperty("settled").GetBoolean().ShouldBeTrue();
        (await RunAsync("show")).Output.ShouldContain("16 partitions, 2 replicas each; settled");

        var planned = Json(await RunAsync("add-shard", "c", "http://127.0.0.1:3", "--dry-run", "--json"));
        Json(await RunAsync("show", "--json")).GetProperty("version").GetInt64().ShouldBe(1, "a dry run changes nothing");
        planned.GetProperty("copies").GetInt32().ShouldBe(planned.GetProperty("moves").GetArrayLength());
        planned.GetProperty("moves").EnumerateArray().ShouldAllBe(move => move.GetProperty("to").GetString() == "c");
        planned.GetProperty("silent").EnumerateArray().Select(name => name.GetString()).ShouldBe(["a", "b", "c"]);

        var added = Json(await RunAsync("add-shard", "c", "http://127.0.0.1:3", "--weight", "2", "--json"));
        added.GetProperty("version").GetInt64().ShouldBe(2);
        added.GetProperty("settled").GetBoolean().ShouldBeFalse();
        added.GetProperty("moves").GetInt32().ShouldBeGreaterThan(0);
        var plan = await RunAsync("plan");
        plan.Output.ShouldContain("c gets ");
        plan.Output.ShouldContain("in place of ");

        Json(await RunAsync("drain", "c", "--json")).GetProperty("moves").GetInt32().ShouldBe(0, "nothing has moved to it yet");
        (await RunAsync("remove-shard", "c")).Output.ShouldContain("is being removed");
        ClusterTopology.Parse(await File.ReadAllTextAsync(Cluster)).FindShard("c")!.IsLeaving.ShouldBeTrue();
        (await RunAsync("plan", _folder.Combine("wanted.json"))).ExitCode.ShouldBe(ExitCode.Ok);
    }

    [Fact]
    public async Task Steps_that_need_no_copy_are_made_while_one_waits()
    {
        TopologyFile.Write(Cluster, ClusterTopology.Balanced(
            1, 16, [new("a", new Uri("http://127.0.0.1:1")), new("b", new Uri("http://127.0.0.1:2"))], 2));
        await File.WriteAllTextAsync(_folder.Combine("rag.json"), """{ "Rebalance": { "LeavingTime": "00:00:00.02" } }""");
        var run = await RunAsync("remove-shard", "b", "--wait", "--json", "--data", _folder.Path);
        var topology = Json(run);
        topology.GetProperty("settled").GetBoolean().ShouldBeTrue();
        topology.GetProperty("shards").EnumerateArray().Select(shard => shard.GetProperty("name").GetString()).ShouldBe(["a"]);
    }

    [Fact]
    public async Task What_cannot_be_is_one_sentence()
    {
        TopologyFile.Write(Cluster, ClusterTopology.Balanced(1, 16, [new("a", new Uri("http://127.0.0.1:1"))]));
        await RefusedAsync("No other shard could take the replicas of a", "drain", "a");
        await RefusedAsync("The topology has no shard x: it has a", "remove-shard", "x");
        await RefusedAsync("must be 1 to 64 letters", "add-shard", "no name", "http://127.0.0.1:9");
        await RefusedAsync("cannot be read", "apply", "/no/such/file");
        await File.WriteAllTextAsync(_folder.Combine("other.json"), """{"version": 1, "partitions": 8, "shards": [{"name": "a", "address": "http://h:1"}]}""");
        await RefusedAsync("number of partitions cannot change", "apply", _folder.Combine("other.json"));
    }

    [Fact]
    public async Task A_topology_that_is_nowhere_is_a_misuse()
    {
        var run = await CommandRun.RunAsync("topology", "show", "--data", _folder.Path);
        run.ExitCode.ShouldBe(ExitCode.Usage);
        run.Error.ShouldContain("No topology is named");
    }

    [Fact]
    public async Task A_nats_that_cannot_be_reached_is_named()
    {
        var url = $"nats://127.0.0.1:{FreePort.Next()}";
        await File.WriteAllTextAsync(_folder.Combine("rag.json"), $$"""{ "Nats": { "Urls": ["{{url}}"], "StartPatience": "00:00:00.5" } }""");
        var run = await CommandRun.RunAsync("shard", "--name", "shard-0", "--data", _folder.Path);
        run.ExitCode.ShouldBe(ExitCode.Failure);
        run.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries).Last(line => line.StartsWith("rag: ", StringComparison.Ordinal))
            .ShouldContain($"NATS cannot be reached at {url}");
    }

    private async Task RefusedAsync(string reason, params string[] arguments)
    {
        var run = await RunAsync(arguments);
        run.ExitCode.ShouldBe(ExitCode.Failure);
        run.Error.ShouldStartWith("rag: ");
        run.Error.ShouldContain(reason);
        run.Error.TrimEnd().Split('\n').ShouldHaveSingleItem();
    }

    private Task<CommandRun> RunAsync(params string[] arguments) =>
        CommandRun.RunAsync(["topology", .. arguments, "--topology", Cluster]);

    private static JsonElement Json(CommandRun run)
    {
        run.ExitCode.ShouldBe(ExitCode.Ok, run.Error);
        return JsonDocument.Parse(run.Output).RootElement;
    }
}
