using System.Collections.Immutable;
using Rag.Hosting.Topology;
using Rag.Internal.V1;
using Rag.Router.Balancing;
using Rag.Router.Shards;
using Rag.Router.Tests.Fakes;

namespace Rag.Router.Tests.Balancing;

public sealed class ReplicaSelectorTests
{
    private static readonly ImmutableArray<ShardNode> Nodes =
        [.. Enumerable.Range(0, 4).Select(i => new ShardNode($"shard-{i}", new Uri("http://127.0.0.1:1")))];

    private readonly ManualClock _clock = new();
    private readonly ShardStates _states;
    private readonly ReplicaSelector _selector;

    public ReplicaSelectorTests()
    {
        _states = new ShardStates(
            new RouterOptions { Balancing = new BalancingOptions { MaxShardCalls = 4, MaxShardWrites = 2 } }, _clock);
        _selector = new ReplicaSelector(_states);
    }

    [Fact]
    public void Equal_replicas_are_chosen_equally_often_and_the_busiest_of_all_never()
    {
        var counts = Choose(3000);
        counts.ShouldAllBe(count => count > 600 && count < 900);
        Busy(2, 3);
        counts = Choose(1000);
        counts[2].ShouldBe(0);
        counts.Sum().ShouldBe(1000);
    }

    [Fact]
    public void Fewer_calls_under_way_win_of_two_replicas()
    {
        Busy(0, 2);
        Busy(1, 1);
        for (var i = 0; i < 50; i++)
            Choose(Nodes[..2]).ShouldBe(1);
    }

    [Fact]
    public void A_full_replica_is_not_chosen_and_writes_have_a_limit_of_their_own()
    {
        Busy(0, 4);
        Choose(Nodes[..1]).ShouldBe(-1);
        Busy(1, 2, OperationKind.Write);
        Choose(Nodes[..2]).ShouldBe(1);
        _selector.Choose(Nodes[..2], 0, OperationKind.Write, [], [], mayBeGone: true).ShouldBe(-1);
        State(1).End(OperationKind.Write);
        _selector.Choose(Nodes[..2], 0, OperationKind.Write, [], [], mayBeGone: true).ShouldBe(1);
    }

    [Fact]
    public void A_limit_holds_against_callers_at_the_same_time()
    {
        var begun = 0;
        Parallel.For(0, 64, _ => Interlocked.Add(ref begun, State(0).TryBegin(OperationKind.ShortRead) ? 1 : 0));
        begun.ShouldBe(4);
        State(0).Outstanding.ShouldBe(4);
    }

    [Fact]
    public void Lost_shards_and_open_breakers_are_the_last_resort_and_stopping_ones_the_second_last()
    {
        State(0).SetHealth(ShardHealth.Lost);
        Break(1);
        State(2).SetHealth(ShardHealth.NotServing);
        Choose(100).ShouldBe([0, 0, 0, 100]);
        Choose(Nodes[..3]).ShouldBe(2);
        Choose(Nodes[..2]).ShouldBeInRange(0, 1);
        _selector.Choose(Nodes[..2], 0, OperationKind.ShortRead, [], [], mayBeGone: false).ShouldBe(-1);
        State(0).SetHealth(ShardHealth.Serving);
        Choose(Nodes[..3]).ShouldBe(0);
    }

    [Fact]
    public void Of_a_breaker_that_is_half_open_one_call_goes_through()
    {
        Break(0);
        _clock.Advance(TimeSpan.FromSeconds(1));
        Busy(1, 1);
        Choose(Nodes[..2]).ShouldBe(0);
        Choose(Nodes[..2]).ShouldBe(1);
        State(0).Breaker.Succeeded();
        Choose(Nodes[..2]).ShouldBe(0);
    }

    [Fact]
    public void A_replica_that_has_what_the_caller_has_seen_comes_first()
    {
        var seen = new Stamp { Partition = 7, Epoch = 1, Sequence = 10 };
        State(3).Positions.Note([seen]);
        Busy(3, 2);
        for (var i = 0; i < 50; i++)
            _selector.Choose(Nodes, 0, OperationKind.ShortRead, [seen], [7], mayBeGone: true).ShouldBe(3);
        _selector.Choose(Nodes, 1 << 3, OperationKind.ShortRead, [seen], [7], mayBeGone: true).ShouldBeInRange(0, 2);
        State(3).SetHealth(ShardHealth.Lost);
        _selector.Choose(Nodes, 0, OperationKind.ShortRead, [seen], [7], mayBeGone: true).ShouldBeInRange(0, 2);
    }

    [Fact]
    public void A_shard_that_is_lost_gives_up_what_is_under_way_and_may_come_back()
    {
        var before = State(0).Lost;
        State(0).SetHealth(ShardHealth.Lost);
        before.IsCancellationRequested.ShouldBeTrue();
        State(0).Lost.IsCancellationRequested.ShouldBeFalse();
    }

    private ShardState State(int shard) => _states.Of(Nodes[shard]);

    private void Busy(int shard, int calls, OperationKind kind = OperationKind.ShortRead)
    {
        for (var i = 0; i < calls; i++)
            State(shard).TryBegin(kind).ShouldBeTrue();
    }

    private void Break(int shard)
    {
        for (var i = 0; i < 3; i++)
            State(shard).Breaker.Failed();
    }

    private int Choose(ImmutableArray<ShardNode> nodes) =>
        _selector.Choose(nodes, 0, OperationKind.ShortRead, [], [], mayBeGone: true);

    private int[] Choose(int times)
    {
        var counts = new int[Nodes.Length];
        for (var i = 0; i < times; i++)
            counts[Choose(Nodes)]++;
        return counts;
    }
}
