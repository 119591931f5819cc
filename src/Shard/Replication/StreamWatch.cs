using Rag.Engine;

namespace Rag.Shard.Replication;

/// <summary>
/// Looks after the streams: a new leader or a shorter stream makes replicas look again where they stand; what all
/// replicas have in snapshots is trimmed; a stream that fills up makes this shard write snapshots. One loop a shard.
/// </summary>
internal sealed class StreamWatch(
    ReplicationContext context, IFloorStore floors, TimeProvider time, Func<IReadOnlyDictionary<int, PartitionReplica>> replicas,
    Func<int, IReadOnlyCollection<string>> holders)
{
    // A stream this full is trimmed without waiting for replicas that have long been silent.
    private const double Pressed = 0.5;

    private readonly Dictionary<int, string?> _leaders = [];

    public async Task RunAsync(CancellationToken stopping)
    {
        using var timer = new PeriodicTimer(context.Options.CheckInterval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stopping))
            {
                try
                {
                    await RunOnceAsync(stopping);
                }
                catch (Exception exception) when (exception is SharedLogException or StoreException or IOException)
                {
                    ReplicationLog.WatchFailed(context.Logger, exception.Message);
                }
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The shard stops.
        }
    }

    /// <summary>One look at every stream that this shard follows.</summary>
    public async Task RunOnceAsync(CancellationToken cancellationToken)
    {
        foreach (var stream in replicas().GroupBy(replica => context.Log.StreamOf(replica.Key)))
        {
            var state = await context.Log.GetStateAsync(stream.Key, cancellationToken);
            FindLosses(stream.Key, state, [.. stream.Select(one => one.Value)]);
            var isPressed = state.MaxBytes > 0 && state.Bytes > state.MaxBytes * Pressed;
            if (isPressed)
                await context.Store.CheckpointAsync(cancellationToken);
            if (await ReportAsync(stream.Key, state, [.. stream], cancellationToken))
                await TrimAsync(stream.Key, state, isPressed, cancellationToken);
        }

        await context.Memory.FlushAsync();
    }

    private void FindLosses(int stream, SharedLogState state, IReadOnlyList<PartitionReplica> followers)
    {
        var isNewLeader = _leaders.TryGetValue(stream, out var leader) && state.Leader is not null && leader != state.Leader;
        _leaders[stream] = state.Leader ?? leader;
        foreach (var replica in followers.Where(replica => replica.IsOpen))
        {
            if (isNewLeader || replica.Sequence > state.Last)
                replica.LookAgain(mayHaveLost: true);
        }
    }

    // False where a replica does not know where it stands.
    private async Task<bool> ReportAsync(
        int stream, SharedLogState state, KeyValuePair<int, PartitionReplica>[] followers,
        CancellationToken cancellationToken)
    {
        var stamps = new Dictionary<int, ReportedStamp>();
        var floor = state.Last;
        foreach (var (partition, replica) in followers)
        {
            if (!replica.IsOpen)
                return false;
            replica.NoteSeen();
            var stamp = context.Store.SnapshotStamp(partition);
            stamps[partition] = new ReportedStamp(stamp.Epoch, stamp.Sequence);
            if (stamp < context.Store.LastStamp(partition))
            {
                // Its place in the stream is above its sequence, if it was published again.
                floor = Math.Min(floor, replica.FloorOf(stamp));
                continue;
            }

            if (await context.Log.GetLastAsync(partition, cancellationToken) > replica.Sequence)
            {
                floor = Math.Min(floor, replica.FloorOf(stamp));
                continue;
            }

            context.Memory.Note(partition, memory => memory with { LookedThrough = state.Last });
        }

        // What is reported must not be forgotten here.
        await context.Memory.FlushAsync();
        await floors.ReportAsync(context.Shard, stream,
            new FloorReport(floor, time.GetUtcNow().ToUnixTimeMilliseconds(), stamps), cancellationToken);
        return true;
    }

    private async Task TrimAsync(int stream, SharedLogState state, bool isPressed, CancellationToken cancellationToken)
    {
        var floor = ulong.MaxValue;
        var reports = new Dictionary<string, FloorReport>();
        var silentMs = time.GetUtcNow().ToUnixTimeMilliseconds() - (long)context.Options.SilentReplica.TotalMilliseconds;
        foreach (var shard in holders(stream))
        {
            var report = await floors.FindAsync(shard, stream, cancellationToken);
            if (isPressed && (report is null || report.AtUnixMs < silentMs))
                continue;
            if (report is null)
                return;
            reports[shard] = report;
            floor = Math.Min(floor, report.Sequence);
        }

        // One message stays, so that the stream's end is told by more than a number.
        floor = Math.Min(floor, state.Last);
        if (floor > state.First)
        {
            await context.Log.TrimAsync(stream, floor, cancellationToken);
            ReplicationLog.Trimmed(context.Logger, stream, floor);
        }

        if (holders(stream).All(reports.ContainsKey))
            ForgetTombstones(stream, reports.Values);
    }

    private void ForgetTombstones(int stream, IReadOnlyCollection<FloorReport> reports)
    {
        foreach (var partition in replicas().Keys.Where(partition => context.Log.StreamOf(partition) == stream))
        {
            var stamps = reports.Where(report => report.Stamps.ContainsKey(partition))
                .Select(report => report.Stamps[partition]).ToList();
            if (stamps.Count > 0)
                context.Store.ForgetTombstones(partition, stamps.Min(stamp => new WriteStamp(stamp.Epoch, stamp.Sequence)));
        }
    }
}
