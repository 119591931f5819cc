using Microsoft.Extensions.Logging.Abstractions;
using Rag.Hosting.Topology;
using Rag.Hosting.Topology.Moving;
using Rag.Testing;

namespace Rag.Hosting.Tests;

public sealed class RebalanceTests
{
    private const int Throttle = 4;

    [Theory]
    [InlineData(1, 1)]
    [InlineData(3, 1)]
    [InlineData(3, 2)]
    [InlineData(5, 3)]
    [InlineData(9, 2)]
    public void One_shard_more_gets_its_share_of_the_replicas_and_nothing_moves_between_the_others(int shards, int factor)
    {
        const int partitions = 4096;
        var before = ClusterTopology.Balanced(1, partitions, [.. Nodes(shards)], factor);
        var after = TopologyWishes.PutShard(before, Node(shards))!;
        var moves = Rebalance.MovesOf(after);
        moves.ShouldAllBe(move => move.To == $"shard-{shards}");
        // In expectation 1/(n+1) of all replicas; five standard deviations of a binomial are never exceeded.
        var replicas = partitions * Math.Min(factor, shards);
        var share = 1.0 / (shards + 1);
        var expected = replicas * share;
        ((double)moves.Count).ShouldBeInRange(expected - 5 * Math.Sqrt(expected), expected + 5 * Math.Sqrt(expected));
        moves.Select(move => move.Partition).Distinct().Count().ShouldBe(moves.Count);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void From_any_topology_steps_lead_to_the_target_without_a_partition_that_lacks_replicas(int seed)
    {
        var random = new Random(seed);
        var topology = ClusterTopology.Balanced(1, 64, [.. Nodes(3)], 2);
        for (var wish = 0; wish < 12; wish++)
        {
            topology = Wish(random, topology);
            // Half of the wishes come before the former one is done.
            topology = Settle(topology, random, steps: random.Next(2) == 0 ? 3 : 2000);
        }

        topology = Settle(topology, random, steps: 2000);
        Rebalance.IsSettled(topology).ShouldBeTrue();
        for (var partition = 0; partition < topology.Partitions; partition++)
            topology.ReplicasOf(partition).Select(replica => replica.Shard.Name).ShouldBe(topology.TargetOf(partition).Select(shard => shard.Name));
    }

    [Fact]
    public void A_replaced_replica_leaves_only_when_its_successor_is_ready_and_goes_only_when_it_may()
    {
        var topology = TopologyWishes.PutShard(ClusterTopology.Balanced(1, 1, [Node(0)]), Node(1, weight: 1e6))!;
        topology.TargetOf(0).Single().Name.ShouldBe("shard-1");
        topology = Rebalance.Next(topology, Throttle, (_, _) => true)!;
        States(topology).ShouldBe(["shard-0 Ready", "shard-1 Joining"]);
        Rebalance.Next(topology, Throttle, (_, _) => true).ShouldBeNull("it waits for the shard");
        topology = Report(topology, 0, "shard-1");
        topology = Rebalance.Next(topology, Throttle, (_, _) => true)!;
        States(topology).ShouldBe(["shard-1 Ready", "shard-0 Leaving"]);
        Rebalance.Next(topology, Throttle, (_, _) => false).ShouldBeNull("routers may ask it still");
        Rebalance.IsSettled(topology).ShouldBeFalse();
        topology = Rebalance.Next(topology, Throttle, (_, _) => true)!;
        States(topology).ShouldBe(["shard-1 Ready"]);
        Rebalance.IsSettled(topology).ShouldBeTrue();
    }

    [Fact]
    public void A_shard_copies_no_more_at_a_time_than_it_may()
    {
        var topology = TopologyWishes.PutShard(ClusterTopology.Balanced(1, 256, [Node(0)]), Node(1))!;
        var most = 0;
        while (Rebalance.Next(topology, Throttle, (_, _) => true) is { } next)
        {
            topology = next;
            var joining = Joining(topology);
            most = Math.Max(most, joining.Count);
            if (joining.Count > 0)
                topology = Report(topology, joining[0].Partition, joining[0].Shard);
        }

        most.ShouldBe(Throttle);
        Rebalance.IsSettled(topology).ShouldBeTrue();
    }

    [Fact]
    public void A_shard_that_is_removed_leaves_when_it_holds_nothing_and_the_last_one_cannot()
    {
        var topology = TopologyWishes.Remove(ClusterTopology.Balanced(1, 16, [.. Nodes(3)], 2), "shard-1")!;
        topology.FindShard("shard-1").ShouldNotBeNull();
        topology = Settle(topology, new Random(1), 1000);
        topology.FindShard("shard-1").ShouldBeNull();
        topology = Settle(TopologyWishes.Drain(topology, "shard-2")!, new Random(1), 1000);
        topology.FindShard("shard-2")!.Weight.ShouldBe(0);
        Enumerable.Range(0, 16).ShouldAllBe(partition => topology.OwnerOf(partition).Name == "shard-0");
        Should.Throw<InvalidTopologyException>(() => TopologyWishes.Drain(topology, "shard-0")).Message.ShouldContain("No other shard");
        Should.Throw<InvalidTopologyException>(() => TopologyWishes.Remove(topology, "shard-7")).Message.ShouldContain("no shard shard-7");
        TopologyWishes.Drain(topology, "shard-2").ShouldBeNull("it is drained already");
    }

    [Fact]
    public void Following_another_topology_takes_its_shards_and_factor_but_not_its_placement()
    {
        var topology = ClusterTopology.Balanced(5, 16, [.. Nodes(2)], clusterId: "c");
        var wanted = ClusterTopology.Balanced(1, 16, [Node(1), Node(2)], 2);
        var next = TopologyWishes.Follow(topology, wanted)!;
        (next.Version, next.ClusterId, next.ReplicationFactor).ShouldBe((6, "c", 2));
        next.Shards.Select(shard => (shard.Name, shard.IsLeaving)).ShouldBe([("shard-0", true), ("shard-1", false), ("shard-2", false)]);
        for (var partition = 0; partition < 16; partition++)
            next.OwnerOf(partition).Name.ShouldBe(topology.OwnerOf(partition).Name);
        TopologyWishes.Follow(next, next).ShouldBeNull();
        Should.Throw<InvalidTopologyException>(() => TopologyWishes.Follow(topology, ClusterTopology.Balanced(1, 8, [Node(1)])));
        Should.Throw<InvalidTopologyException>(() => TopologyWishes.Follow(topology, ClusterTopology.Balanced(1, 16, [Node(1)], clusterId: "d")));
    }

    [Fact]
    public async Task Several_processes_step_at_once_and_one_that_stops_is_replaced_by_the_others()
    {
        using var folder = new TemporaryFolder();
        var path = folder.Combine("topology.json");
        TopologyFile.Write(path, TopologyWishes.PutShard(ClusterTopology.Balanced(1, 16, [.. Nodes(3)], 2), Node(3))!);
        await using var store = TopologyFile.Open(path, NullLogger<TopologyFile>.Instance);
        var options = new RebalanceOptions { MaxJoiningPerShard = 2, LeavingTime = TimeSpan.FromMilliseconds(30) };
        var processes = Enumerable.Range(0, 3).Select(_ => new RebalanceSteps(store, options, TimeProvider.System)).ToList();
        await Eventually.HoldsAsync(
            async () =>
            {
                await Task.WhenAll(processes.Select(async process => await process.StepAsync(TestContext.Current.CancellationToken)));
                foreach (var (partition, shard) in Joining(store.Current))
                    await store.ChangeAsync(topology => Report(topology, partition, shard), TestContext.Current.CancellationToken);
                // The first two end half-way; the last one knows nothing but the topology.
                if (processes.Count > 1 && store.Current.Version > 5)
                    processes.RemoveRange(0, 2);
                return Rebalance.IsSettled(store.Current);
            },
            "all replicas are where they should be");
    }

    private static ClusterTopology Wish(Random random, ClusterTopology topology)
    {
        var eligible = topology.Shards.Where(shard => shard.IsEligible).ToList();
        ClusterTopology? next;
        switch (random.Next(5))
        {
            case 0 when eligible.Count > 2:
                next = TopologyWishes.Remove(topology, eligible[random.Next(eligible.Count)].Name);
                break;
            case 1 when eligible.Count > 2:
                next = TopologyWishes.Drain(topology, eligible[random.Next(eligible.Count)].Name);
                break;
            case 2:
                next = TopologyWishes.PutShard(topology, topology.Shards[random.Next(topology.Shards.Length)] with { Weight = 1 + random.Next(3), IsLeaving = false });
                break;
            case 3:
                var edit = topology.Edit();
                edit.ReplicationFactor = 1 + random.Next(3);
                next = edit.Build();
                break;
            default:
                next = TopologyWishes.PutShard(topology, Node(random.Next(8)));
                break;
        }

        return next ?? topology;
    }

    /// <summary>Steps, with shards that report some of what they copy at each; every version keeps what a cluster needs.</summary>
    private static ClusterTopology Settle(ClusterTopology topology, Random random, int steps)
    {
        for (var i = 0; i < steps && !Rebalance.IsSettled(topology); i++)
        {
            foreach (var (partition, shard) in Joining(topology).Where(_ => random.Next(3) > 0))
                topology = Report(topology, partition, shard);
            var next = Rebalance.Next(topology, Throttle, (_, _) => random.Next(3) > 0);
            if (next is null)
                continue;
            for (var partition = 0; partition < next.Partitions; partition++)
            {
                var before = topology.ReplicasOf(partition).Count(replica => replica.State == ReplicaState.Ready);
                var ready = next.ReplicasOf(partition).Count(replica => replica.State == ReplicaState.Ready);
                ready.ShouldBeGreaterThanOrEqualTo(Math.Min(before, next.TargetOf(partition).Length), $"partition {partition} keeps its replicas");
            }

            Joining(next).GroupBy(replica => replica.Shard).ShouldAllBe(shard => shard.Count() <= Throttle);
            topology = next;
        }

        return topology;
    }

    private static List<(int Partition, string Shard)> Joining(ClusterTopology topology) =>
        [.. Enumerable.Range(0, topology.Partitions).SelectMany(partition => topology.ReplicasOf(partition)
            .Where(replica => replica.State == ReplicaState.Joining).Select(replica => (partition, replica.Shard.Name)))];

    private static ClusterTopology Report(ClusterTopology topology, int partition, string shard)
    {
        var edit = topology.Edit();
        if (topology.FindReplica(shard, partition) is { State: ReplicaState.Joining })
            edit.SetReplica(partition, shard, ReplicaState.Ready);
        return edit.Build();
    }

    private static IEnumerable<string> States(ClusterTopology topology) =>
        topology.ReplicasOf(0).Select(replica => $"{replica.Shard.Name} {replica.State}");

    private static IEnumerable<ShardNode> Nodes(int count) => Enumerable.Range(0, count).Select(number => Node(number));

    private static ShardNode Node(int number, double weight = 1) => new($"shard-{number}", new Uri($"http://127.0.0.1:{7100 + number}"), weight);
}
