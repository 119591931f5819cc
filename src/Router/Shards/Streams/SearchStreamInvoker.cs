using Grpc.Core;
using Rag.Internal.V1;

namespace Rag.Router.Shards.Streams;

/// <summary>
/// Sends searches over a few streams that stay open, and every other call as it is: a search then costs no stream of its
/// own, no headers and no trailers, and what waits at the same time leaves together (more than twice the calls a second of
/// unary ones, see docs/performance.md). A shard that knows no such stream gets unary calls. Thread-safe.
/// </summary>
internal sealed class SearchStreamInvoker(CallInvoker inner, int lanes) : ForwardingCallInvoker, IDisposable
{
    private static readonly Grpc.Core.Metadata None = [];

    private readonly ShardService.ShardServiceClient _client = new(inner);
    private readonly SearchLane?[] _lanes = new SearchLane?[lanes];
    private readonly Lock _lock = new();
    private volatile bool _isUnknown;
    private bool _disposed;
    private uint _turn;

    protected override CallInvoker Next => inner;

    public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request)
    {
        if (_isUnknown || request is not SearchSlicesRequest search || typeof(TResponse) != typeof(SearchSlicesResponse))
            return base.AsyncUnaryCall(method, host, options, request);
        var stop = CancellationTokenSource.CreateLinkedTokenSource(options.CancellationToken);
        var answer = AskAsync(search, options, stop.Token);
        return new AsyncUnaryCall<TResponse>(
            (Task<TResponse>)(object)answer, Task.FromResult(None), () => StatusOf(answer), () => None,
            () =>
            {
                if (!answer.IsCompleted)
                    stop.Cancel();
                stop.Dispose();
            });
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
            foreach (var lane in _lanes)
                lane?.Dispose();
        }
    }

    private async Task<SearchSlicesResponse> AskAsync(
        SearchSlicesRequest search, CallOptions options, CancellationToken cancellationToken)
    {
        try
        {
            return await FindLane().AskAsync(search, options.Deadline, cancellationToken);
        }
        catch (RpcException unknown) when (unknown.StatusCode == StatusCode.Unimplemented)
        {
            // A shard of an earlier version: it stays so until the connection is made anew.
            _isUnknown = true;
            return await _client.SearchSlicesAsync(search, options.WithCancellationToken(cancellationToken));
        }
    }

    private SearchLane FindLane()
    {
        var number = (int)(Interlocked.Increment(ref _turn) % (uint)_lanes.Length);
        if (Volatile.Read(ref _lanes[number]) is { End: null } known)
            return known;
        lock (_lock)
        {
            if (_lanes[number] is { End: null } opened)
                return opened;
            if (_disposed)
                throw new RpcException(new Status(StatusCode.Unavailable, "The connection is being closed."));
            var lane = new SearchLane(_client);
            Volatile.Write(ref _lanes[number], lane);
            return lane;
        }
    }

    private static Status StatusOf(Task answer) => answer switch
    {
        { IsCompletedSuccessfully: true } => new Status(StatusCode.OK, ""),
        { Exception.InnerException: RpcException failure } => failure.Status,
        { IsCompleted: true } => new Status(StatusCode.Cancelled, "The call was cancelled."),
        _ => throw new InvalidOperationException("The call has not ended."),
    };
}
