using Grpc.Core;

namespace Rag.Ingestor.Routers;

/// <summary>
/// Several routers as one: calls go to the same one until it is away, then to the next. What failed is not called again
/// here: who called does that, with the same mutation id, and meets another router. Thread-safe.
/// </summary>
public sealed class RouterChoice : CallInvoker
{
    private readonly CallInvoker[] _routers;
    private int _current;

    /// <param name="routers">The ways to them, the preferred one first; not empty.</param>
    public RouterChoice(IEnumerable<CallInvoker> routers)
    {
        _routers = [.. routers];
        ArgumentOutOfRangeException.ThrowIfZero(_routers.Length, nameof(routers));
    }

    private CallInvoker Current => _routers[(uint)Volatile.Read(ref _current) % _routers.Length];

    /// <inheritdoc/>
    public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request)
    {
        var chosen = Volatile.Read(ref _current);
        var call = _routers[(uint)chosen % _routers.Length].AsyncUnaryCall(method, host, options, request);
        return new AsyncUnaryCall<TResponse>(
            ObserveAsync(call.ResponseAsync, chosen), call.ResponseHeadersAsync, call.GetStatus, call.GetTrailers, call.Dispose);
    }

    /// <inheritdoc/>
    public override TResponse BlockingUnaryCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request) =>
        Current.BlockingUnaryCall(method, host, options, request);

    /// <inheritdoc/>
    public override AsyncServerStreamingCall<TResponse> AsyncServerStreamingCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request) =>
        Current.AsyncServerStreamingCall(method, host, options, request);

    /// <inheritdoc/>
    public override AsyncClientStreamingCall<TRequest, TResponse> AsyncClientStreamingCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options) =>
        Current.AsyncClientStreamingCall(method, host, options);

    /// <inheritdoc/>
    public override AsyncDuplexStreamingCall<TRequest, TResponse> AsyncDuplexStreamingCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options) =>
        Current.AsyncDuplexStreamingCall(method, host, options);

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
