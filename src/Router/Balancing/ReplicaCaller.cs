using System.Numerics;
using Grpc.Core;
using Rag.Internal.V1;
using Rag.Router.Errors;
using Rag.Router.Shards;

namespace Rag.Router.Balancing;

/// <summary>
/// Calls one replica of a group, another one when that fails or is slow, and never past the deadline. Thread-safe.
/// <code>
/// choose ─► call ─┬─ answer
///                 ├─ slow (p95 of this shard and operation): a second replica too, the first answer counts
///                 ├─ gone, refused: another replica at once; all tried: wait, from the start   ┐ within MaxAttempts
///                 ├─ not as far as the caller has seen: another replica, till the deadline      ┘ and the retry budget
///                 └─ any other failure: the caller's
/// </code>
/// </summary>
internal sealed class ReplicaCaller(
    IShardConnections connections, ShardStates states, RouterOptions routerOptions, BalancingMetrics metrics,
    TimeProvider time)
{
    private readonly BalancingOptions _options = routerOptions.Balancing;
    private readonly ReplicaSelector _selector = new(states);
    private readonly TokenBudget _hedges = new(routerOptions.Balancing.HedgeRatio, routerOptions.Balancing.HedgeBurst);
    private readonly TokenBudget _retries = new(routerOptions.Balancing.RetryRatio, routerOptions.Balancing.RetryBurst);

    /// <exception cref="RpcException">What the last replica said.</exception>
    /// <exception cref="RefusedException">Every replica has as many calls under way as it may have.</exception>
    public async Task<TResponse> CallAsync<TState, TResponse>(
        ShardGroup group, TState state, ShardOperation<TState, TResponse> operation, CallScope scope)
    {
        _retries.Deposit();
        if (operation.Kind == OperationKind.ShortRead && group.Replicas.Length > 1)
            _hedges.Deposit();
        var wanted = operation.WantedBy?.Invoke(state) ?? [];
        var failed = 0UL;
        var attempts = 0;
        while (true)
        {
            try
            {
                return await TryAsync(group, failed, state, operation, wanted, scope);
            }
            catch (ReplicaFailure failure)
            {
                failed |= failure.Replicas;
                var meaning = FailureJudge.Judge(failure.Status);
                if (meaning != FailureMeaning.Behind)
                    attempts++;
                var othersLeft = BitOperations.PopCount(failed) < group.Replicas.Length;
                if (!MayRepeat(meaning, othersLeft, attempts, scope))
                    throw Final(failure.Status, meaning);
                metrics.Repeated(FailureJudge.Name(meaning));
                if (othersLeft)
                    continue;
                // All were tried: from the start, but not at once.
                failed = 0;
                var wait = BackOff.Delay(_options.FirstBackOff, attempts);
                if (wait >= scope.Remaining)
                    throw Final(failure.Status, meaning);
                await Task.Delay(wait, time, scope.Token);
            }
        }
    }

    private bool MayRepeat(FailureMeaning meaning, bool othersLeft, int attempts, CallScope scope)
    {
        if (meaning == FailureMeaning.Final || scope.Token.IsCancellationRequested || scope.Remaining <= TimeSpan.Zero)
            return false;
        if (meaning == FailureMeaning.Behind)
            return true;
        if ((meaning == FailureMeaning.Elsewhere && !othersLeft) || attempts >= _options.MaxAttempts)
            return false;
        if (_retries.TryTake())
            return true;
        metrics.Denied("retry-budget");
        return false;
    }

    private static Exception Final(RpcException status, FailureMeaning meaning) => meaning == FailureMeaning.Behind
        ? new RefusedException(
            RefusalKind.DeadlineExceeded,
            "No replica has caught up with the consistency token before the deadline: allow more time.", cause: status)
        : status;

    private async Task<TResponse> TryAsync<TState, TResponse>(
        ShardGroup group, ulong failed, TState state, ShardOperation<TState, TResponse> operation, Stamp[] wanted,
        CallScope scope)
    {
        if (group.Replicas.IsEmpty)
        {
            throw new RpcException(new Status(
                StatusCode.Unavailable, "No replica is ready to serve the partition: look at the topology."));
        }

        // One that seems to be gone will do where no other is left: what is known of it may be old.
        using var first = TryStart(group, failed, state, operation, wanted, scope, mayBeGone: true)
            ?? throw Full(operation.Kind);
        if (!await IsSlowAsync(first, group, operation, scope))
            return await AnswerAsync(first);
        if (!_hedges.TryTake())
        {
            metrics.Denied("hedge-budget");
            return await AnswerAsync(first);
        }

        using var second = TryStart(
            group, failed | 1UL << first.Replica, state, operation, wanted, scope, mayBeGone: false);
        return second is null ? await AnswerAsync(first) : await RaceAsync(first, second);
    }

    /// <summary>Null: no replica has room.</summary>
    private Attempt<TResponse>? TryStart<TState, TResponse>(
        ShardGroup group, ulong excluded, TState state, ShardOperation<TState, TResponse> operation, Stamp[] wanted,
        CallScope scope, bool mayBeGone)
    {
        while (true)
        {
            var replica = _selector.Choose(
                group.Replicas, excluded, operation.Kind, wanted, group.Partitions.AsSpan(), mayBeGone);
            if (replica < 0)
                return null;
            var shard = states.Of(group.Replicas[replica]);
            if (shard.TryBegin(operation.Kind))
            {
                return Attempt<TResponse>.Start(
                    replica, shard, connections, group, state, operation, _options.SlowRead, scope);
            }

            // Others were quicker to take the room that was left.
            shard.Breaker.Abandoned();
            excluded |= 1UL << replica;
        }
    }

    private RefusedException Full(OperationKind kind)
    {
        metrics.Denied("full");
        return Refuse.Exhausted(kind == OperationKind.Write
            ? "Shards have as many writes under way as they may have: slow down and try again."
            : "Shards have as many calls under way as they may have: slow down and try again.");
    }

    /// <summary>Waits as long as nearly all calls take. False: it has ended, or there is nobody else to ask.</summary>
    private async ValueTask<bool> IsSlowAsync<TState, TResponse>(
        Attempt<TResponse> attempt, ShardGroup group, ShardOperation<TState, TResponse> operation, CallScope scope)
    {
        if (operation.Kind != OperationKind.ShortRead || group.Replicas.Length == 1 || attempt.Task.IsCompleted)
            return false;
        var usual = states.Of(group.Replicas[attempt.Replica]).LatencyOf(operation.Name).Percentile95;
        var delay = usual ?? _options.HedgeMaxDelay;
        if (delay < _options.HedgeMinDelay)
            delay = _options.HedgeMinDelay;
        if (delay > _options.HedgeMaxDelay)
            delay = _options.HedgeMaxDelay;
        // Half of the time that is left is the second replica's.
        if (delay > scope.Remaining / 2)
            delay = scope.Remaining / 2;
        if (delay <= TimeSpan.Zero)
            return false;
        using var ended = new CancellationTokenSource();
        var timer = Task.Delay(delay, time, ended.Token);
        if (await Task.WhenAny(attempt.Task, timer) == timer)
            return true;
        await ended.CancelAsync();
        return false;
    }

    private async Task<TResponse> RaceAsync<TResponse>(Attempt<TResponse> first, Attempt<TResponse> second)
    {
        var winner = await Task.WhenAny(first.Task, second.Task) == first.Task ? first : second;
        var loser = winner == first ? second : first;
        // A failure that another replica may not have is no answer while the other request is under way.
        if (winner.Task.IsFaulted && IsReplicasOwn(winner.Task))
            (winner, loser) = (loser, winner);
        metrics.Hedged(winner == second ? "won" : "lost");
        try
        {
            if (!loser.Task.IsCompleted)
                loser.GiveUp();
            return await AnswerAsync(winner);
        }
        catch (ReplicaFailure failure) when (loser.Task.IsFaulted)
        {
            throw new ReplicaFailure(failure.Replicas | 1UL << loser.Replica, failure.Status);
        }
    }

    private static bool IsReplicasOwn(Task failed) =>
        failed.Exception?.InnerException is RpcException error && FailureJudge.Judge(error) != FailureMeaning.Final;

    private static async Task<TResponse> AnswerAsync<TResponse>(Attempt<TResponse> attempt)
    {
        try
        {
            return await attempt.Task;
        }
        catch (RpcException error)
        {
            throw new ReplicaFailure(1UL << attempt.Replica, error);
        }
    }

    /// <summary>A failure with the replicas that had their turn.</summary>
    private sealed class ReplicaFailure(ulong replicas, RpcException status) : Exception(status.Message, status)
    {
        public ulong Replicas => replicas;

        public RpcException Status => status;
    }
}
