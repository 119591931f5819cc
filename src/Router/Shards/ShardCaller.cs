using System.Collections.Immutable;
using Grpc.Core;
using Rag.Hosting.Topology;
using Rag.Router.Balancing;
using Rag.Router.Errors;
using Rag.Router.Workspaces;

namespace Rag.Router.Shards;

/// <summary>
/// Calls the shards that hold a workspace, and again where settings or the topology turned out to be stale. Which replica
/// is asked, and what becomes of one that fails, is <see cref="ReplicaCaller"/>'s. Thread-safe.
/// <code>
/// stale-settings ─► read the settings again ─► same uid and partitions? ─► try again (a change on its way: wait, and
///                                              │                          ask under the former version in turn)
///                                              └─ no: WorkspaceReplacedException, the request is routed anew
/// not-held       ─► wait for the newer topology, group the partitions anew
/// </code>
/// </summary>
internal sealed class ShardCaller(
    ReplicaCaller replicas, ITopologySource topology, WorkspaceDirectory directory, RouterOptions options,
    RouterMetrics metrics, TimeProvider time)
{
    /// <summary>
    /// Waits of 10, 20, 40, 80, 160 and 320 ms: about as long as the topology file takes to be read again.
    /// </summary>
    private const int MaxAttempts = 7;

    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(10);

    public ClusterTopology Topology => topology.Current;

    /// <summary>Calls the shard of one bucket. The answer names what it was asked for in the end.</summary>
    public async Task<ShardAnswer<TResponse>> CallBucketAsync<TState, TResponse>(
        KnownWorkspace workspace, int bucket, TState state, ShardOperation<TState, TResponse> operation, CallScope scope)
    {
        var retry = default(RetryState);
        while (true)
        {
            var group = workspace.RouteUnder(topology.Current).OfBucket(bucket);
            try
            {
                return new ShardAnswer<TResponse>(group, await replicas.CallAsync(group, state, operation, scope));
            }
            catch (RpcException error) when (error.StatusCode == StatusCode.Unavailable)
            {
                throw Away(group, error);
            }
            catch (RpcException error) when (IsStale(error))
            {
                (workspace, retry) = await PrepareRetryAsync(workspace, group, error, retry, scope);
            }
        }
    }

    /// <summary>Calls every shard that holds partitions of the workspace; the first failure ends it.</summary>
    public async Task<IReadOnlyList<ShardAnswer<TResponse>>> CallAllAsync<TState, TResponse>(
        KnownWorkspace workspace, TState state, ShardOperation<TState, TResponse> operation, CallScope scope)
    {
        var gathered = await GatherAsync(workspace, state, operation, scope, allowMissing: false);
        return gathered.Answers;
    }

    /// <summary>
    /// The same, but with <paramref name="allowMissing"/> the partitions that cannot be reached are named instead.
    /// </summary>
    public async Task<Gathered<TResponse>> GatherAsync<TState, TResponse>(
        KnownWorkspace workspace, TState state, ShardOperation<TState, TResponse> operation, CallScope scope,
        bool allowMissing)
    {
        var gathered = new Gathered<TResponse>(allowMissing);
        var groups = workspace.RouteUnder(topology.Current).Groups;
        if (groups.Length == 1)
        {
            await CallGroupAsync(workspace, groups[0], state, operation, scope, gathered, default);
            return gathered;
        }

        // One that fails stops the others: their answers are of no use.
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(scope.Token);
        var inner = scope with { Token = stop.Token };
        using var slots = new SemaphoreSlim(options.ScatterParallelism);
        var calls = new Task[groups.Length];
        for (var i = 0; i < groups.Length; i++)
        {
            await slots.WaitAsync(CancellationToken.None);
            calls[i] = CallSlotAsync(workspace, groups[i], state, operation, inner, gathered, slots, stop);
        }

        await Task.WhenAll(calls);
        gathered.ThrowIfFailed();
        return gathered;
    }

    private async Task CallSlotAsync<TState, TResponse>(
        KnownWorkspace workspace, ShardGroup group, TState state, ShardOperation<TState, TResponse> operation,
        CallScope scope, Gathered<TResponse> gathered, SemaphoreSlim slots, CancellationTokenSource stop)
    {
        try
        {
            await CallGroupAsync(workspace, group, state, operation, scope, gathered, default);
        }
        catch (Exception error)
        {
            gathered.Fail(error);
            await stop.CancelAsync();
        }
        finally
        {
            slots.Release();
        }
    }

    private async Task CallGroupAsync<TState, TResponse>(
        KnownWorkspace workspace, ShardGroup group, TState state, ShardOperation<TState, TResponse> operation,
        CallScope scope, Gathered<TResponse> gathered, RetryState retry)
    {
        while (true)
        {
            try
            {
                gathered.Add(new ShardAnswer<TResponse>(
                    group, await replicas.CallAsync(group, state, operation, scope)));
                return;
            }
            catch (RpcException error) when (error.StatusCode == StatusCode.Unavailable && !gathered.AllowMissing)
            {
                throw Away(group, error);
            }
            catch (RpcException error) when (IsStale(error))
            {
                try
                {
                    (workspace, retry) = await PrepareRetryAsync(workspace, group, error, retry, scope);
                }
                catch (RefusedException gone) when (gathered.AllowMissing && gone.Kind == RefusalKind.Unavailable)
                {
                    gathered.Miss(group.Partitions);
                    metrics.Missing(group.Partitions.Length);
                    return;
                }

                var regrouped = ShardRoute.Group(workspace, group.Partitions, topology.Current);
                if (regrouped.Length == 1)
                {
                    group = regrouped[0];
                    continue;
                }

                foreach (var part in regrouped)
                    await CallGroupAsync(workspace, part, state, operation, scope, gathered, retry);
                return;
            }
            catch (RpcException error) when (gathered.AllowMissing && IsMissing(error, scope))
            {
                // One corrupt slice fails the whole group: ask for each alone, so that only that one is missing.
                if (error.StatusCode == StatusCode.DataLoss && group.Partitions.Length > 1)
                {
                    foreach (var partition in group.Partitions)
                    {
                        var alone = ShardRoute.Group(workspace, [partition], topology.Current)[0];
                        await CallGroupAsync(workspace, alone, state, operation, scope, gathered, retry);
                    }

                    return;
                }

                gathered.Miss(group.Partitions);
                metrics.Missing(group.Partitions.Length);
                return;
            }
        }
    }

    private static bool IsStale(RpcException error) => error.IsStaleSettings() || error.IsNotHeld();

    /// <summary>
    /// A part of an answer that may be left out: its shard is away, too slow, or its data is corrupt.
    /// </summary>
    private static bool IsMissing(RpcException error, CallScope scope) => error.StatusCode switch
    {
        StatusCode.Unavailable or StatusCode.DataLoss => true,
        StatusCode.DeadlineExceeded => !scope.Token.IsCancellationRequested,
        _ => false,
    };

    private async Task<(KnownWorkspace, RetryState)> PrepareRetryAsync(
        KnownWorkspace workspace, ShardGroup group, RpcException error, RetryState retry, CallScope scope)
    {
        retry = retry with { Attempts = retry.Attempts + 1 };
        if (retry.Attempts >= MaxAttempts)
            throw Unsettled(group, error);
        if (error.IsNotHeld())
        {
            metrics.Retried("not-held");
            await Task.Delay(FirstDelay * (1 << (retry.Attempts - 1)), time, scope.Token);
            return (workspace, retry);
        }

        metrics.Retried("stale-settings");
        var fresh = await directory.LoadAsync(workspace.Name, scope.Token);
        if (!fresh.IsSamePlace(workspace))
            throw new WorkspaceReplacedException();
        if (fresh.SettingsVersion != workspace.SettingsVersion && retry.Attempts == 1)
            return (fresh, retry);
        // A change is on its way and this shard may have it or not: ask under either version in turn.
        await Task.Delay(FirstDelay * (1 << (retry.Attempts - 1)), time, scope.Token);
        var former = !fresh.Record.IsApplied && workspace.SettingsVersion == fresh.SettingsVersion;
        return (former ? fresh.AsApplied() : fresh, retry);
    }

    private static RefusedException Away(ShardGroup group, RpcException cause) => Refuse.Unavailable(
        $"{group.Names} with {Name(group.Partitions)} cannot be reached: "
        + "try again, or allow partial results.",
        cause);

    private static RefusedException Unsettled(ShardGroup group, RpcException cause) => Refuse.Unavailable(
        $"{group.Names} does not serve {Name(group.Partitions)} yet ({cause.Status.Detail}): try again.",
        cause);

    private static string Name(ImmutableArray<int> partitions)
    {
        const int told = 8;
        var list = string.Join(", ", partitions.Take(told));
        var more = partitions.Length > told ? $" and {partitions.Length - told} more" : "";
        return $"partition{(partitions.Length == 1 ? "" : "s")} {list}{more}";
    }

    private readonly record struct RetryState(int Attempts);
}
