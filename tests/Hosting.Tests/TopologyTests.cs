using Microsoft.Extensions.Logging.Abstractions;
using Rag.Hosting.Topology;
using Rag.Testing;

namespace Rag.Hosting.Tests;

public sealed class TopologyTests
{
    [Fact]
    public void Adding_a_shard_moves_its_share_and_nothing_between_the_old_ones()
    {
        const int partitions = 4096;
        var before = Cluster(3, partitions);
        var after = Cluster(4, partitions);
        var moved = 0;
        for (var partition = 0; partition < partitions; partition++)
        {
            if (before.OwnerOf(partition).Name == after.OwnerOf(partition).Name)
                continue;
            after.OwnerOf(partition).Name.ShouldBe("shard-3");
            moved++;
        }

        moved.ShouldBeInRange(partitions / 4 - 150, partitions / 4 + 150);
    }

    [Fact]
    public void A_shard_of_twice_the_weight_gets_twice_the_partitions()
    {
        var topology = TopologyDocument.Parse("""
            {"version": 1, "partitions": 4096, "shards": [
              {"name": "a", "address": "http://127.0.0.1:1", "weight": 2},
              {"name": "b", "address": "http://127.0.0.1:2"}]}
            """);
        Enumerable.Range(0, 4096).Count(p => topology.Holds("a", p)).ShouldBeInRange(2600, 2860);
    }

    [Fact]
    public void A_placement_given_is_the_truth()
    {
        var topology = TopologyDocument.Parse("""
            {"version": 7, "partitions": 4, "shards": [
              {"name": "a", "address": "http://127.0.0.1:1"}, {"name": "b", "address": "http://127.0.0.1:2"}],
             "placement": {"0-1": "b", "2": "a", "3": "b"}}
            """);
        Enumerable.Range(0, 4).Select(p => topology.OwnerOf(p).Name).ShouldBe(["b", "b", "a", "b"]);
        topology.Version.ShouldBe(7);
        topology.Holds("a", 99).ShouldBeFalse();
    }

    [Theory]
    [InlineData("not json", "not valid JSON")]
    [InlineData("""{"version": 1, "shards": []}""", "1 to 4096 shards")]
    [InlineData("""{"version": 0, "shards": [{"name": "a", "address": "http://h:1"}]}""", "version")]
    [InlineData("""{"version": 1, "partitions": 3, "shards": [{"name": "a", "address": "http://h:1"}]}""", "power of two")]
    [InlineData("""{"version": 1, "shards": [{"name": "a b", "address": "http://h:1"}]}""", "letters")]
    [InlineData("""{"version": 1, "shards": [{"name": "a", "address": "h:1"}]}""", "http://")]
    [InlineData("""{"version": 1, "shards": [{"name": "a", "address": "http://h:1"}, {"name": "a", "address": "http://h:2"}]}""",
        "twice")]
    [InlineData("""{"version": 1, "partitions": 2, "shards": [{"name": "a", "address": "http://h:1"}], "placement": {"0": "a"}}""",
        "partition 1 to no shard")]
    [InlineData("""{"version": 1, "partitions": 2, "shards": [{"name": "a", "address": "http://h:1"}], "placement": {"0-1": "a", "1": "a"}}""",
        "both")]
    [InlineData("""{"version": 1, "partitions": 2, "shards": [{"name": "a", "address": "http://h:1"}], "placement": {"0-2": "a"}}""",
        "below 2")]
    [InlineData("""{"version": 1, "colour": "red", "shards": [{"name": "a", "address": "http://h:1"}]}""", "colour")]
    [InlineData("""{"version": 1, "partitions": 1, "shards": [{"name": "a", "address": "http://h:1"}], "placement": {"0": ["a", "a"]}}""",
        "to a twice")]
    [InlineData("""{"version": 1, "partitions": 1, "shards": [{"name": "a", "address": "http://h:1"}], "placement": {"0": "a:joining"}}""",
        "no replica that is ready")]
    [InlineData("""{"version": 1, "partitions": 1, "shards": [{"name": "a", "address": "http://h:1"}], "placement": {"0": "a:gone"}}""",
        "joining, ready or leaving")]
    [InlineData("""{"version": 1, "shards": [{"name": "a", "address": "http://h:1", "weight": 0}]}""", "weight above 0")]
    [InlineData("""{"version": 1, "replicationFactor": 8, "shards": [{"name": "a", "address": "http://h:1"}]}""", "1 to 7")]
    public void A_topology_that_contradicts_itself_is_refused_with_the_reason(string json, string reason) =>
        Should.Throw<InvalidTopologyException>(() => TopologyDocument.Parse(json)).Message.ShouldContain(reason);

    [Fact]
    public void Replicas_with_their_states_survive_the_way_to_json_and_back()
    {
        var topology = ClusterTopology.Parse("""
            {"version": 7, "cluster": "c-1", "partitions": 8, "replicationFactor": 2, "shards": [
              {"name": "a", "address": "http://127.0.0.1:1"}, {"name": "b", "address": "http://127.0.0.1:2", "weight": 0},
              {"name": "c", "address": "https://c:3/", "weight": 2.5, "leaving": true}],
             "placement": {"0-1,4": ["b", "a:joining"], "2": "a", "3": ["c:leaving", "b"], "5-7": ["a", "b"]}}
            """);
        foreach (var read in new[] { topology, ClusterTopology.Parse(topology.ToJson()) })
        {
            (read.Version, read.ClusterId, read.ReplicationFactor, read.Partitions).ShouldBe((7, "c-1", 2, 8));
            read.Shards.ShouldBe(topology.Shards);
            read.ReplicasOf(4).Select(replica => (replica.Shard.Name, replica.State))
                .ShouldBe([("b", ReplicaState.Ready), ("a", ReplicaState.Joining)]);
            read.OwnerOf(3).Name.ShouldBe("b");
            read.Holds("a", 4).ShouldBeFalse("it has not joined yet");
            read.Holds("c", 3).ShouldBeTrue("it is asked under the former version still");
            read.FindReplica("c", 4).ShouldBeNull();
        }

        topology.ToJson().ShouldBe(ClusterTopology.Parse(topology.ToJson()).ToJson());
    }

    [Fact]
    public void Without_a_placement_each_partition_gets_as_many_replicas_as_there_can_be()
    {
        var two = ClusterTopology.Balanced(1, 64, [.. Nodes(5)], replicationFactor: 2);
        var all = ClusterTopology.Balanced(1, 64, [.. Nodes(2), new ShardNode("none", new Uri("http://h:1"), 0)], replicationFactor: 3);
        for (var partition = 0; partition < 64; partition++)
        {
            two.ReplicasOf(partition).Select(replica => replica.Shard.Name).Distinct().Count().ShouldBe(2);
            two.ReplicasOf(partition).Select(replica => replica.Shard).ShouldBe(two.TargetOf(partition));
            all.ReplicasOf(partition).Select(replica => replica.Shard.Name).Order().ShouldBe(["shard-0", "shard-1"]);
        }
    }

    [Fact]
    public void A_change_makes_the_next_version_and_leaves_the_former_one_as_it_was()
    {
        var former = ClusterTopology.Balanced(4, 8, [.. Nodes(2)]);
        var owner = former.OwnerOf(3).Name;
        var other = owner == "shard-0" ? "shard-1" : "shard-0";
        var edit = former.Edit();
        edit.SetReplica(3, other, ReplicaState.Joining);
        edit.PutShard(new ShardNode(owner, new Uri("http://elsewhere:1"), 3));
        var next = edit.Build();

        next.Version.ShouldBe(5);
        next.ReplicasOf(3).Select(replica => (replica.Shard.Name, replica.State))
            .ShouldBe([(owner, ReplicaState.Ready), (other, ReplicaState.Joining)]);
        next.OwnerOf(3).Address.Host.ShouldBe("elsewhere", "replicas follow their shard to its new address");
        former.ReplicasOf(3).Length.ShouldBe(1);
        former.OwnerOf(3).Address.Host.ShouldBe("h");
    }

    [Fact]
    public void A_change_that_loses_a_partition_is_refused()
    {
        var topology = ClusterTopology.Balanced(1, 4, [.. Nodes(2)]);
        var edit = topology.Edit();
        edit.RemoveShard("shard-0");
        Should.Throw<InvalidTopologyException>(edit.Build).Message.ShouldContain("shard shard-0 still holds partition");
        edit = topology.Edit();
        edit.SetReplica(0, topology.OwnerOf(0).Name, ReplicaState.Leaving);
        Should.Throw<InvalidTopologyException>(edit.Build).Message.ShouldContain("partition 0 has no replica that is ready");
    }

    [Fact]
    public async Task Writers_of_a_file_take_turns()
    {
        using var folder = new TemporaryFolder();
        var path = folder.Combine("topology.json");
        TopologyFile.Write(path, ClusterTopology.Balanced(1, 4, [.. Nodes(1)]));
        await using var file = TopologyFile.Open(path, NullLogger<TopologyFile>.Instance);
        await Task.WhenAll(Enumerable.Range(0, 16).Select(async i => await file.ChangeAsync(
            topology => AddShard(topology, $"new-{i}"), TestContext.Current.CancellationToken)));
        file.Current.Version.ShouldBe(17);
        file.Current.Shards.Length.ShouldBe(17, "none of the sixteen changes is lost");
        ClusterTopology.Parse(await File.ReadAllTextAsync(path)).Shards.ShouldBe(file.Current.Shards);
    }

    [Fact]
    public void All_faults_are_named_at_once()
    {
        var message = Should.Throw<InvalidTopologyException>(
            () => TopologyDocument.Parse("""{"version": 0, "partitions": 5, "shards": []}""")).Message;
        message.ShouldContain("version");
        message.ShouldContain("power of two");
        message.ShouldContain("shards");
    }

    [Fact]
    public async Task A_changed_file_is_read_again_and_a_broken_one_passed_over()
    {
        using var folder = new TemporaryFolder();
        var path = folder.Combine("topology.json");
        await File.WriteAllTextAsync(path, Json(version: 1));
        await using var file = TopologyFile.Open(path, NullLogger<TopologyFile>.Instance);
        var fired = false;
        using var registration = file.Watch().RegisterChangeCallback(_ => fired = true, null);

        await File.WriteAllTextAsync(path, "{");
        await File.WriteAllTextAsync(path, Json(version: 22));
        await Eventually.HoldsAsync(() => file.Current.Version == 22, "the new version is in use");
        fired.ShouldBeTrue();

        await File.WriteAllTextAsync(path, "{ broken");
        await File.WriteAllTextAsync(path, Json(version: 3));
        await File.WriteAllTextAsync(path, Json(version: 333));
        await Eventually.HoldsAsync(() => file.Current.Version == 333, "a later version is in use");
    }

    [Fact]
    public void A_missing_file_is_named() =>
        Should.Throw<InvalidTopologyException>(
            () => TopologyFile.Open("/no/such/topology.json", NullLogger<TopologyFile>.Instance))
            .Message.ShouldContain("/no/such/topology.json");

    private static string Json(long version) =>
        $$"""{"version": {{version}}, "shards": [{"name": "a", "address": "http://127.0.0.1:1"}]}""";

    private static ClusterTopology Cluster(int shards, int partitions) => ClusterTopology.Balanced(1, partitions, [.. Nodes(shards)]);

    private static IEnumerable<ShardNode> Nodes(int shards) =>
        Enumerable.Range(0, shards).Select(i => new ShardNode($"shard-{i}", new Uri("http://h:1")));

    private static ClusterTopology AddShard(ClusterTopology topology, string name)
    {
        var edit = topology.Edit();
        edit.PutShard(new ShardNode(name, new Uri("http://h:2")));
        return edit.Build();
    }
}
