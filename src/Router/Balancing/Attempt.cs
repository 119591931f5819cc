using System.Diagnostics;
using Grpc.Core;
using Rag.Router.Errors;
using Rag.Router.Shards;

namespace Rag.Router.Balancing;

/// <summary>
/// One request to one replica, counted in the shard's state from its start to its end. It ends early when it is given
/// up or when the shard is found to be lost.
/// </summary>
internal sealed class Attempt<TResponse> : IDisposable
{
    private readonly ShardState _state;
    private readonly CancellationTokenSource _stop;
    private volatile bool _isGivenUp;

    private Attempt(int replica, ShardState state, CancellationTokenSource stop)
    {
        Replica = replica;
        _state = state;
        _stop = stop;
    }

    /// <summary>Index among the group's replicas.</summary>
    public int Replica { get; }

    public Task<TResponse> Task { get; private set; } = null!;

    /// <summary>Starts it; it is counted in the state already.</summary>
    public static Attempt<TResponse> Start<TState>(
        int replica, ShardState state, IShardConnections connections, ShardGroup group, TState request,
        ShardOperation<TState, TResponse> operation, TimeSpan slowRead, CallScope scope)
    {
        var stop = CancellationTokenSource.CreateLinkedTokenSource(scope.Token, state.Lost);
        var attempt = new Attempt<TResponse>(replica, state, stop);
        attempt.Task = attempt.RunAsync(connections, group, request, operation, slowRead, scope);
        return attempt;
    }

    /// <summary>Its answer is of no use any more.</summary>
    public void GiveUp()
    {
        _isGivenUp = true;
        _stop.Cancel();
        // It was given up: whatever it says now is not looked at.
        _ = Task.ContinueWith(
            static (ended, self) =>
            {
                _ = ended.Exception;
                ((Attempt<TResponse>)self!)._stop.Dispose();
            },
            this, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    public void Dispose()
    {
        if (!_isGivenUp)
            _stop.Dispose();
    }

    private async Task<TResponse> RunAsync<TState>(
        IShardConnections connections, ShardGroup group, TState request,
        ShardOperation<TState, TResponse> operation, TimeSpan slowRead, CallScope scope)
    {
        var started = Stopwatch.GetTimestamp();
        try
        {
            using var call = operation.Start(
                connections.For(group.Replicas[Replica]), group.Target, request,
                new CallOptions(deadline: scope.Deadline, cancellationToken: _stop.Token));
            var response = await call.ResponseAsync;
            var latency = Stopwatch.GetElapsedTime(started);
            if (operation.Kind == OperationKind.ShortRead)
                _state.LatencyOf(operation.Name).Record(latency);
            if (operation.PositionsOf is { } positions)
                _state.Positions.Note(positions(response));
            _state.Breaker.Succeeded();
            return response;
        }
        catch (RpcException error)
        {
            throw Account(error, operation.Kind, Stopwatch.GetElapsedTime(started), slowRead, scope);
        }
        catch
        {
            // A fault of this process says nothing of the shard.
            _state.Breaker.Abandoned();
            throw;
        }
        finally
        {
            _state.End(operation.Kind);
        }
    }

    private RpcException Account(
        RpcException error, OperationKind kind, TimeSpan elapsed, TimeSpan slowRead, CallScope scope)
    {
        var isSlow = kind != OperationKind.Write && elapsed >= slowRead
            && error.StatusCode is StatusCode.DeadlineExceeded or StatusCode.Cancelled;
        var isLost = error.StatusCode == StatusCode.Cancelled && !_isGivenUp && !scope.Token.IsCancellationRequested;
        if (isLost || isSlow || (error.StatusCode == StatusCode.Unavailable && !error.IsAnswer()))
            _state.Breaker.Failed();
        else if (error.StatusCode is StatusCode.Cancelled or StatusCode.DeadlineExceeded)
            _state.Breaker.Abandoned();
        else
            _state.Breaker.Succeeded();
        return isLost
            ? new RpcException(new Status(StatusCode.Unavailable, $"Shard {_state.Name} does not answer any more."))
            : error;
    }
}
