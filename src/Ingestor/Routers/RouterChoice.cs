using Grpc.Core;

namespace Rag.Ingestor.Routers;

/// <summary>
/// Several routers as one: calls go to the same one until it is away, then to the next. What failed is not called again
/// here: who called does that, with the same mutation id, and meets another router. Thread-safe.
/// </summary>
public sealed class RouterChoice : ForwardingCallInvoker
{
    private readonly CallInvoker[] _routers;
    private int _current;

    /// <param name="routers">The ways to them, the preferred one first; not empty.</param>
    public RouterChoice(IEnumerable<CallInvoker> routers)
    {
        _routers = [.. routers];
        ArgumentOutOfRangeException.ThrowIfZero(_routers.Length, nameof(routers));
    }

    /// <inheritdoc/>
    protected override CallInvoker Next => _routers[(uint)Volatile.Read(ref _current) % _routers.Length];

    /// <inheritdoc/>
    public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request)
    {
        var chosen = Volatile.Read(ref _current);
        var call = _routers[(uint)chosen % _routers.Length].AsyncUnaryCall(method, host, options, request);
        return new AsyncUnaryCall<TResponse>(
            ObserveAsync(call.ResponseAsync, chosen), call.ResponseHeadersAsync, call.GetStatus, call.GetTrailers, call.Dispose);
    }

    private async Task<TResponse> ObserveAsync<TResponse>(Task<TResponse> response, int chosen)
    {
        try
        {
            return await response;
        }
        catch (RpcException away) when (away.StatusCode == StatusCode.Unavailable)
        {
            // Of many calls that failed together, one changes the router.
            Interlocked.CompareExchange(ref _current, chosen + 1, chosen);
            throw;
        }
    }
}
