using Grpc.Core;
using Rag.Hosting.Topology;
using Rag.Internal.V1;
using Rag.Shard.Replicas;
using Rag.Testing;

namespace Rag.Shard.Tests.Replicas;

/// <summary>Replicas join and leave over real connections on loopback.</summary>
public sealed class ReplicaMoveTests
{
    [Fact]
    public async Task A_replica_joins_by_copying_becomes_ready_and_takes_the_place_of_the_first()
    {
        await using var shards = await ReplicaShards.StartAsync();
        var uids = new List<Guid>();
        for (var i = 0; i < 3; i++)
            uids.Add(await shards[0].FillAsync(10 + i));
        var before = await shards[0].SearchAsync(uids[1]);
        shards.Join(1);
        await shards.ReadyAsync(1);
        var after = await shards[1].SearchAsync(uids[1]);
        after.Hits.ShouldBe(before.Hits);
        after.Hits.Count.ShouldBe(11);
        after.Stamps.ShouldBe(before.Stamps);
        (await shards[1].Replicas.GetPartitionAsync(new GetPartitionRequest { Partition = ReplicaShard.Partition }))
            .Slices.ShouldBe(3);

        // The first one goes: what it has is dropped, and it answers for the partition no longer.
        shards.Topology.Set(ReplicaShard.Partition, "shard-0", ReplicaState.Leaving);
        (await shards[0].SearchAsync(uids[0])).Hits.Count.ShouldBe(10);
        shards.Topology.Set(ReplicaShard.Partition, "shard-0", null);
        await Eventually.HoldsAsync(() => shards[0].Store.ListSlices().Count == 0, "shard-0 has dropped the partition");
        (await Should.ThrowAsync<RpcException>(() => shards[0].SearchAsync(uids[0]))).StatusCode
            .ShouldBe(StatusCode.FailedPrecondition);
        // And comes back, from the other one.
        shards.Join(0);
        await shards.ReadyAsync(0);
        (await shards[0].SearchAsync(uids[2])).Hits.Count.ShouldBe(12);
    }

    [Fact]
    public async Task A_copy_goes_on_after_the_joining_shard_and_the_source_were_restarted()
    {
        await using var shards = await ReplicaShards.StartAsync(shard => shard.Options = shard.Options with
        {
            // About three seconds for all: time to be cut off in the middle.
            CopyBytesPerSecond = 64 << 10,
        });
        var uids = new List<Guid>();
        for (var i = 0; i < 4; i++)
            uids.Add(await shards[0].FillAsync(30));
        shards.Join(1);
        await Eventually.HoldsAsync(() => Whole(shards[1]) >= 1, "a first slice is there");
        await shards[1].StopAsync();
        await shards[1].StartAsync();
        shards[1].Store.ListImports().ShouldBe([ReplicaShard.Partition]);
        var whole = Whole(shards[1]);
        await Eventually.HoldsAsync(() => Whole(shards[1]) > whole || shards.StateOf(1) == ReplicaState.Ready, "it goes on");
        await shards[0].StopAsync();
        shards[0].Options = shards[0].Options with { CopyBytesPerSecond = 64L << 20 };
        await shards[0].StartAsync();
        await shards.ReadyAsync(1);
        foreach (var uid in uids)
            (await shards[1].SearchAsync(uid)).Hits.ShouldBe((await shards[0].SearchAsync(uid)).Hits);
        shards[1].Store.ListImports().ShouldBeEmpty();
    }

    [Fact]
    public async Task A_second_replica_copies_from_whoever_is_there()
    {
        await using var shards = await ReplicaShards.StartAsync();
        var uid = await shards[0].FillAsync(20);
        shards.Join(1);
        await shards.ReadyAsync(1);
        await shards[0].StopAsync();
        shards.Join(2);
        await shards.ReadyAsync(2);
        (await shards[2].SearchAsync(uid)).Hits.Count.ShouldBe(20);
    }

    [Fact]
    public async Task A_shard_keeps_what_no_ready_replica_elsewhere_has()
    {
        await using var shards = await ReplicaShards.StartAsync();
        await shards[0].FillAsync(5);
        // By mistake: the topology says that an empty shard has it all.
        shards.Topology.Set(ReplicaShard.Partition, "shard-1", ReplicaState.Ready);
        shards.Topology.Set(ReplicaShard.Partition, "shard-0", null);
        await Eventually.HoldsAsync(
            () => shards[0].Messages.Count("it is kept here") > 1, "it has thought of dropping it twice");
        shards[0].Store.ListSlices().Count.ShouldBe(1);
        shards.Topology.Set(ReplicaShard.Partition, "shard-0", ReplicaState.Ready);
        shards.Topology.Set(ReplicaShard.Partition, "shard-1", null);
        shards.Join(1);
        await shards.ReadyAsync(1);
        shards[1].Store.ListSlices().Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_replica_too_far_behind_its_log_copies_anew_and_a_join_that_is_called_off_leaves_nothing()
    {
        var log = new BehindLog();
        await using var shards = await ReplicaShards.StartAsync(shard =>
        {
            if (shard.Name == "shard-1")
                shard.Log = () => log;
        });
        var uid = await shards[0].FillAsync(5);
        shards.Join(1);
        await shards.ReadyAsync(1);
        log.Joined.ShouldBe(1);
        // Away for long: its copy is old when it joins again.
        shards.Topology.Set(ReplicaShard.Partition, "shard-1", ReplicaState.Leaving);
        await shards[0].UpsertAsync(uid, 99);
        log.IsBehind = true;
        shards.Join(1);
        await shards.ReadyAsync(1);
        (await shards[1].SearchAsync(uid)).Hits.Count.ShouldBe(6);

        shards[0].Options = shards[0].Options with { CopyBytesPerSecond = 64 << 10 };
        await shards[0].StopAsync();
        await shards[0].StartAsync();
        for (var i = 0; i < 2; i++)
            await shards[0].FillAsync(60);
        // The slow one is the only source: a copy from another would be over before anybody looks.
        shards.Topology.Set(ReplicaShard.Partition, "shard-1", ReplicaState.Leaving);
        shards.Join(2);
        await Eventually.HoldsAsync(() => shards[2].Store.ListImports().Count == 1, "the copy has begun");
        shards.Topology.Set(ReplicaShard.Partition, "shard-2", null);
        await Eventually.HoldsAsync(() => shards[2].Store.ListPartitions().Count == 0, "nothing is left of it");
    }

    [Fact]
    public async Task A_ready_replica_that_cannot_follow_leaves_copies_and_comes_back()
    {
        var logs = new[] { new BehindLog(), new BehindLog(), new BehindLog() };
        await using var shards = await ReplicaShards.StartAsync(
            shard => shard.Log = () => logs[int.Parse(shard.Name["shard-".Length..])]);
        var uid = await shards[0].FillAsync(5);
        shards.Join(1);
        await shards.ReadyAsync(1);
        // Nothing is shared here: what the first one writes does not come.
        await shards[0].UpsertAsync(uid, 99);

        // Both cannot follow: old content is better than none.
        logs[0].Cannot = logs[1].Cannot = "The log begins later.";
        await Eventually.HoldsAsync(() => shards[1].Messages.Count("it stays as it is") > 1, "it has thought of it twice");
        shards.StateOf(1).ShouldBe(ReplicaState.Ready);
        (await shards[1].SearchAsync(uid)).Hits.Count.ShouldBe(5);

        logs[0].Cannot = null;
        await Eventually.HoldsAsync(() => shards[1].Messages.Count("is ready at") > 1, "it has come back");
        shards.StateOf(1).ShouldBe(ReplicaState.Ready);
        shards[1].Messages.Count("answers no more until it is copied anew").ShouldBe(1);
        (await shards[1].SearchAsync(uid)).Hits.Count.ShouldBe(6);
    }

    [Fact]
    public async Task A_copy_is_refused_by_who_does_not_hold_it_and_when_too_many_are_under_way()
    {
        await using var shards = await ReplicaShards.StartAsync(shard => shard.Options = shard.Options with
        {
            MaxCopies = 1, CopyBytesPerSecond = 64 << 10,
        });
        await shards[0].FillAsync(60);
        var request = new CopyPartitionRequest { Partition = ReplicaShard.Partition, Shard = "a test" };
        using (var refused = shards[1].Replicas.CopyPartition(request))
        {
            (await Should.ThrowAsync<RpcException>(() => refused.ResponseStream.MoveNext(default))).StatusCode
                .ShouldBe(StatusCode.FailedPrecondition);
        }

        using var first = shards[0].Replicas.CopyPartition(request);
        (await first.ResponseStream.MoveNext(default)).ShouldBeTrue();
        using var second = shards[0].Replicas.CopyPartition(request);
        (await Should.ThrowAsync<RpcException>(() => second.ResponseStream.MoveNext(default))).StatusCode
            .ShouldBe(StatusCode.ResourceExhausted);
    }

    [Fact]
    public async Task Bytes_pass_no_faster_than_they_may()
    {
        var clock = new LeapingClock();
        var throttle = new CopyThrottle(1000, clock);
        for (var i = 0; i < 50; i++)
            await throttle.TakeAsync(100, default);
        clock.Elapsed.ShouldBe(TimeSpan.FromSeconds(4.9), TimeSpan.FromMilliseconds(10));
        BlockChecksum.Of("123456789"u8).ShouldBe(0xE3069283u);
    }

    private static int Whole(ReplicaShard shard)
    {
        var folder = Path.Combine(shard.DataFolder, "imports", ReplicaShard.Partition.ToString());
        return Directory.Exists(folder) ? Directory.EnumerateFiles(folder, "*.whole").Count() : 0;
    }

    private sealed class BehindLog : IReplicaLog
    {
        private int _joined;

        public bool IsBehind { get; set; }

        public int Joined => Volatile.Read(ref _joined);

        /// <summary>Why it cannot follow, until it has left the log.</summary>
        public string? Cannot { get; set; }

        public IReadOnlyDictionary<int, string> FindBehind() => Cannot is { } reason
            ? new Dictionary<int, string> { [ReplicaShard.Partition] = reason }
            : new Dictionary<int, string>();

        public Task FollowAsync(int partition, CancellationToken cancellationToken)
        {
            if (IsBehind)
            {
                IsBehind = false;
                throw new ReplicaBehindException("The log begins later.");
            }

            if (Cannot is { } reason)
                throw new ReplicaBehindException(reason);
            Interlocked.Increment(ref _joined);
            return Task.CompletedTask;
        }

        public Task LeaveAsync(int partition, CancellationToken cancellationToken)
        {
            Cannot = null;
            return Task.CompletedTask;
        }
    }
}
