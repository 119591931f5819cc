using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Rag.Cli.Composition;
using Rag.Cli.Composition.Greeting;
using Rag.Hosting.Agreement;
using Rag.Hosting.Topology;
using Rag.Testing;

namespace Rag.Cli.Tests.Composition;

/// <summary>What does not fit together ends with one sentence and exit code 3, before anything is opened or served.</summary>
public sealed class BadConfigurationTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Topology => _folder.Combine("topology.json");

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("shard", "--name", "a")]
    [InlineData("router", "--port", "0")]
    public async Task Partitions_that_overlap_or_are_missing(params string[] verb)
    {
        await WriteAsync("""{ "0-1": "a", "1-2": "b" }""");
        await RefusedAsync("placement gives partition 1 to both a and b", verb);
        await WriteAsync("""{ "0-1": "a", "2": "b" }""");
        await RefusedAsync("placement gives partition 3 to no shard", verb);
    }

    [Fact]
    public async Task A_shard_that_the_topology_does_not_name()
    {
        await WriteAsync(null);
        await RefusedAsync("has no shard c: it has a, b", "shard", "--name", "c");
    }

    [Fact]
    public async Task Data_of_another_shard_or_another_cluster()
    {
        await WriteAsync(null);
        NodeMark.Claim(new DataFolder(_folder.Path), Of("c-1"), "b");
        await RefusedAsync("belongs to shard b, not to shard a", "shard", "--name", "a");
        await RefusedAsync("belongs to shard b, not to a router", "router", "--port", "0");
        var failure = Should.Throw<CliException>(() => NodeMark.Claim(new DataFolder(_folder.Path), Of("c-2"), "b"));
        failure.Message.ShouldContain("belongs to cluster c-1, but the topology is of cluster c-2");
        failure.ExitCode.ShouldBe(ExitCode.Misconfigured);
        NodeMark.Claim(new DataFolder(_folder.Path), Of("c-1"), "b");
        NodeMark.Claim(new DataFolder(_folder.Path), Of(""), "b");
        await File.WriteAllTextAsync(_folder.Combine("node.json"), "{");
        Should.Throw<CliException>(() => NodeMark.Claim(new DataFolder(_folder.Path), Of("c-1"), "b")).Message.ShouldContain("cannot be read");
    }

    [Theory]
    [InlineData(7, 0, "b", "speaks protocol 7")]
    [InlineData(NodeIdentity.CurrentProtocol, 3600, "b", "ahead of this machine's")]
    [InlineData(NodeIdentity.CurrentProtocol, -3600, "b", "behind this machine's")]
    [InlineData(NodeIdentity.CurrentProtocol, 0, "z", "should be b by the topology")]
    public async Task Another_process_of_another_version_time_or_name(int protocol, int aheadSeconds, string name, string reason)
    {
        await using var host = await ServeAsync(protocol, aheadSeconds, name);
        await WriteAsync(null, host.Address!);
        await RefusedAsync(reason, "shard", "--name", "a");
        // It is the shards' only one that answers: the router cannot work with it either.
        await RefusedAsync(reason, "router", "--port", "0");
    }

    [Fact]
    public async Task An_ingestor_at_a_router_of_another_version_or_at_what_is_no_router()
    {
        await using var other = await ServeAsync(protocol: 7, aheadSeconds: 0, "router");
        await RefusedAsync("speaks protocol 7", "ingestor", "--router", other.Address!);
        await using var none = new ProcessHost(new IPEndPoint(IPAddress.Loopback, 0), LogLevel.None);
        await none.StartAsync(_ => { }, TestContext.Current.CancellationToken);
        await RefusedAsync("check the address", "ingestor", "--router", none.Address!);
    }

    [Fact]
    public async Task One_odd_process_among_others_stops_nobody()
    {
        await using var odd = await ServeAsync(protocol: 7, aheadSeconds: 0, "b");
        await using var even = await ServeAsync(NodeIdentity.CurrentProtocol, aheadSeconds: 0, "c");
        var greeter = new Greeter(
            () => new NodeIdentity("shard", "a", NodeIdentity.CurrentProtocol, "0", "", DateTimeOffset.UtcNow),
            () => [new Peer("b", new Uri(odd.Address!)), new Peer("c", new Uri(even.Address!)), new Peer("d", new Uri($"http://127.0.0.1:{FreePort.Next()}"))],
            new GreetingOptions { Patience = TimeSpan.FromSeconds(20) });
        (await greeter.GreetAsync(TestContext.Current.CancellationToken)).ShouldHaveSingleItem().ShouldContain("protocol 7");
    }

    private static async Task<ProcessHost> ServeAsync(int protocol, int aheadSeconds, string name)
    {
        var host = new ProcessHost(new IPEndPoint(IPAddress.Loopback, 0), LogLevel.None);
        host.Builder.Services.AddSingleton(new HelloRpc(
            () => new NodeIdentity("shard", name, protocol, "9.9", "", DateTimeOffset.UtcNow.AddSeconds(aheadSeconds))));
        await host.StartAsync(GreetingParts.Map, TestContext.Current.CancellationToken);
        return host;
    }

    private static ClusterTopology Of(string cluster) =>
        ClusterTopology.Balanced(1, 4, [new ShardNode("a", new Uri("http://127.0.0.1:1"))], clusterId: cluster);

    private Task WriteAsync(string? placement, string other = "http://127.0.0.1:2") => File.WriteAllTextAsync(Topology, $$"""
        {"version": 1, "partitions": 4, "shards": [
          {"name": "a", "address": "http://127.0.0.1:1"}, {"name": "b", "address": "{{other}}"}]
          {{(placement is null ? "" : $", \"placement\": {placement}")}} }
        """);

    private async Task RefusedAsync(string reason, params string[] arguments)
    {
        await File.WriteAllTextAsync(_folder.Combine("rag.json"), """{ "Greeting": { "Patience": "00:00:20" } }""");
        string[] topology = arguments[0] == "ingestor" ? [] : ["--topology", Topology];
        var run = await CommandRun.RunAsync([.. arguments, .. topology, "--data", _folder.Path]);
        run.ExitCode.ShouldBe(ExitCode.Misconfigured, run.Error);
        run.Error.ShouldContain(reason);
        run.Error.TrimEnd().Split('\n').ShouldHaveSingleItem();
    }
}
