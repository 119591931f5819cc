namespace Grpc.Core;

/// <summary>What the four call objects share: headers, status, trailers and giving the call up.</summary>
internal interface ICallHandle
{
    Task<Metadata> ResponseHeadersAsync { get; }

    Status GetStatus();

    Metadata GetTrailers();

    void Dispose();
}

/// <summary>A handle made of delegates, as interceptors pass them.</summary>
internal sealed class DelegateCallHandle(
    Task<Metadata> responseHeadersAsync, Func<Status> getStatus, Func<Metadata> getTrailers, Action dispose)
    : ICallHandle
{
    public Task<Metadata> ResponseHeadersAsync => responseHeadersAsync;

    public Status GetStatus() => getStatus();

    public Metadata GetTrailers() => getTrailers();

    public void Dispose() => dispose();
}

/// <summary>A handle made of delegates that take a state, which spares an allocation for each.</summary>
internal sealed class StateCallHandle(
    Func<object, Task<Metadata>> responseHeadersAsync, Func<object, Status> getStatus,
    Func<object, Metadata> getTrailers, Action<object> dispose, object state)
    : ICallHandle
{
    public Task<Metadata> ResponseHeadersAsync => responseHeadersAsync(state);

    public Status GetStatus() => getStatus(state);

    public Metadata GetTrailers() => getTrailers(state);

    public void Dispose() => dispose(state);
}
