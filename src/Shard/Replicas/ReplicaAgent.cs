using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Primitives;
using Rag.Engine;
using Rag.Hosting.Topology;

namespace Rag.Shard.Replicas;

/// <summary>
/// Makes this shard hold what the topology says. One loop, owned by the host; each partition that changes has a task of
/// its own, a few at a time.
/// <code>
/// joining ─► copy from a ready replica ─► follow the log till it has caught up ─► ready, in the topology
/// ready   ─► (the log does not reach back to it, and a ready replica elsewhere follows it) joining
/// absent  ─► (after a while, if a ready replica elsewhere has as much) leave the log ─► drop
/// </code>
/// A copy that fails is gone on with from the next replica; after a restart too.
/// </summary>
internal sealed class ReplicaAgent(
    ShardStore store, ITopologyStore topology, IReplicaLog log, PartitionReceiver receiver, ShardOptions options,
    ShardMetrics metrics, TimeProvider time, ILogger<ReplicaAgent> logger)
    : BackgroundService
{
    private const int MostDoublings = 5;

    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan AskTimeout = TimeSpan.FromSeconds(10);

    private readonly Dictionary<int, PartitionTask> _tasks = [];
    private readonly Dictionary<int, long> _absentSince = [];
    private readonly SemaphoreSlim _slots = new(options.Replicas.MaxCopies);

    public override void Dispose()
    {
        _slots.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        using var news = new SemaphoreSlim(0);
        using var watch = ChangeToken.OnChange(topology.Watch, () => news.Release());
        try
        {
            while (true)
            {
                try
                {
                    Look(stoppingToken);
                }
                catch (Exception error) when (!stoppingToken.IsCancellationRequested)
                {
                    ReplicaMessages.LookFailed(logger, error);
                }

                await news.WaitAsync(LookInterval, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The host stops.
        }
        finally
        {
            await Task.WhenAll(_tasks.Values.Select(static one => one.Work));
        }
    }

    /// <summary>Begins what the topology asks for and gives up what it does not ask for any more.</summary>
    internal void Look(CancellationToken stopping)
    {
        var current = topology.Current;
        foreach (var (partition, task) in _tasks.ToList())
        {
            if (task.Work.IsCompleted)
            {
                task.Dispose();
                _tasks.Remove(partition);
            }
            else if (task.Joins != IsJoining(current, partition))
            {
                task.Stop();
            }
        }

        for (var partition = 0; partition < current.Partitions; partition++)
        {
            if (IsJoining(current, partition) && !_tasks.ContainsKey(partition))
                Begin(partition, joins: true, JoinAsync, stopping);
        }

        Recover(current, stopping);

        foreach (var partition in store.ListPartitions())
        {
            if (current.FindReplica(options.Name, partition) is not null)
            {
                _absentSince.Remove(partition);
                continue;
            }

            if (!_absentSince.TryGetValue(partition, out var since))
                _absentSince[partition] = since = time.GetTimestamp();
            if (time.GetElapsedTime(since) >= options.Replicas.DropDelay && !_tasks.ContainsKey(partition))
                Begin(partition, joins: false, DropAsync, stopping);
        }
    }

    /// <summary>
    /// Replicas that cannot follow any more leave those that answer and join: as many at a time as may be copied. One that
    /// may not leave yet does not keep others from it.
    /// </summary>
    private void Recover(ClusterTopology current, CancellationToken stopping)
    {
        foreach (var partition in log.FindBehind().Keys.Order())
        {
            // Without another one there is nobody to copy from.
            if (_tasks.ContainsKey(partition) || current.FindReplica(options.Name, partition) is not { State: ReplicaState.Ready }
                || ReadyElsewhere(current, partition).Count == 0)
                continue;
            Begin(partition, joins: false, LeaveReadyAsync, stopping);
        }
    }

    private bool IsJoining(ClusterTopology current, int partition) =>
        current.FindReplica(options.Name, partition) is { State: ReplicaState.Joining };

    private void Begin(
        int partition, bool joins, Func<int, CancellationToken, Task> work, CancellationToken stopping) =>
        _tasks.Add(partition, PartitionTask.Start(
            joins, token => RepeatAsync(partition, joins, work, token), stopping));

    private async Task RepeatAsync(
        int partition, bool joins, Func<int, CancellationToken, Task> work, CancellationToken ct)
    {
        for (var tries = 0; ; tries++)
        {
            try
            {
                await _slots.WaitAsync(ct);
                try
                {
                    await work(partition, ct);
                    return;
                }
                finally
                {
                    _slots.Release();
                }
            }
            catch (Exception) when (ct.IsCancellationRequested)
            {
                return;
            }
            catch (Exception error)
            {
                ReplicaMessages.Postponed(logger, partition, joins ? "joining" : "leaving", error);
            }

            var wait = options.Replicas.RetryDelay * (1 << Math.Min(tries, MostDoublings));
            try
            {
                await Task.Delay(wait, time, ct);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private async Task JoinAsync(int partition, CancellationToken ct)
    {
        var isCopied = !store.ListImports().Contains(partition) && !store.LastStamp(partition).IsNone;
        if (isCopied)
        {
            try
            {
                // Copied before a restart, or held before: the log knows whether that is enough.
                await log.FollowAsync(partition, ct);
            }
            catch (ReplicaBehindException behind)
            {
                ReplicaMessages.Behind(logger, partition, behind);
                isCopied = false;
            }
        }

        if (!isCopied)
        {
            await log.LeaveAsync(partition, ct);
            await CopyAsync(partition, ct);
            await log.FollowAsync(partition, ct);
        }

        await topology.ChangeAsync(
            newest =>
            {
                if (!IsJoining(newest, partition))
                    return null;
                var edit = newest.Edit();
                edit.SetReplica(partition, options.Name, ReplicaState.Ready);
                return edit.Build();
            },
            ct);
        ReplicaMessages.Joined(logger, partition, store.LastStamp(partition).ToString());
    }

    private async Task LeaveReadyAsync(int partition, CancellationToken ct)
    {
        if (!log.FindBehind().TryGetValue(partition, out var reason))
            return;
        // Old content is better than none.
        if (!await IsAnyAsync(ReadyElsewhere(topology.Current, partition), partition, static answer => !answer.Behind, ct))
        {
            throw new InvalidOperationException(
                $"Partition {partition} cannot follow the log, and no ready replica elsewhere follows it: it stays as it is.");
        }

        var has = false;
        await topology.ChangeAsync(
            newest =>
            {
                has = newest.FindReplica(options.Name, partition) is { State: ReplicaState.Ready }
                    && ReadyElsewhere(newest, partition).Count > 0
                    && Enumerable.Range(0, newest.Partitions).Count(other => IsJoining(newest, other)) < options.Replicas.MaxCopies;
                if (!has)
                    return null;
                var edit = newest.Edit();
                edit.SetReplica(partition, options.Name, ReplicaState.Joining);
                return edit.Build();
            },
            ct);
        if (!has)
            return;
        metrics.ReplicaLeft();
        ReplicaMessages.LeftReady(logger, partition, reason);
    }

    private async Task CopyAsync(int partition, CancellationToken ct)
    {
        var current = topology.Current;
        var peers = ReadyElsewhere(current, partition);
        if (peers.Count == 0)
            throw new InvalidOperationException($"No other shard has a ready replica of partition {partition}.");
        // A different one each time: the last one may have been the reason.
        var peer = peers[Random.Shared.Next(peers.Count)];
        ReplicaMessages.Copying(logger, partition, peer.Name);
        using var channel = GrpcChannel.ForAddress(peer.Address);
        await receiver.ReceiveAsync(new(channel), partition, current.Version, ct);
    }

    private async Task DropAsync(int partition, CancellationToken ct)
    {
        var current = topology.Current;
        if (current.FindReplica(options.Name, partition) is not null)
            return;
        // A mistake in a topology must not erase the only copy.
        var own = store.LastStamp(partition);
        if (!own.IsNone && !store.ListImports().Contains(partition)
            && !await IsAnyAsync(
                ReadyElsewhere(current, partition), partition,
                answer => answer.Stamp is { } stamp && new WriteStamp(stamp.Epoch, stamp.Sequence) >= own, ct))
        {
            throw new InvalidOperationException(
                $"No ready replica elsewhere has partition {partition} up to {own}: it is kept here.");
        }

        await log.LeaveAsync(partition, ct);
        await store.DropPartitionAsync(partition, ct);
        ReplicaMessages.Dropped(logger, partition);
    }

    /// <summary>Whether any of these shards has the partition whole, and what it says of it is right.</summary>
    private static async Task<bool> IsAnyAsync(
        List<ShardNode> peers, int partition, Func<Internal.V1.GetPartitionResponse, bool> isRight, CancellationToken ct)
    {
        foreach (var peer in peers)
        {
            try
            {
                using var channel = GrpcChannel.ForAddress(peer.Address);
                var client = new Internal.V1.ReplicaService.ReplicaServiceClient(channel);
                var answer = await client.GetPartitionAsync(
                    new Internal.V1.GetPartitionRequest { Partition = partition },
                    deadline: DateTime.UtcNow + AskTimeout, cancellationToken: ct);
                if (!answer.Importing && isRight(answer))
                    return true;
            }
            catch (RpcException) when (!ct.IsCancellationRequested)
            {
                // Another one may have it.
            }
        }

        return false;
    }

    private List<ShardNode> ReadyElsewhere(ClusterTopology current, int partition) =>
    [
        .. current.ReplicasOf(partition)
            .Where(replica => replica.State == ReplicaState.Ready && replica.Shard.Name != options.Name)
            .Select(static replica => replica.Shard),
    ];
}
