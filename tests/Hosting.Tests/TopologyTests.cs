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
    public void A_topology_that_contradicts_itself_is_refused_with_the_reason(string json, string reason) =>
        Should.Throw<InvalidTopologyException>(() => TopologyDocument.Parse(json)).Message.ShouldContain(reason);

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

    private static ClusterTopology Cluster(int shards, int partitions) => ClusterTopology.Balanced(
        1, partitions, [.. Enumerable.Range(0, shards).Select(i => new ShardNode($"shard-{i}", new Uri("http://h:1")))]);
}
