using Grpc.Core;
using Grpc.Health.V1;
using Grpc.Net.Client;

namespace Rag.Cluster.Tests.Faults;

/// <summary>
/// Several routers as one, in the way of a load balancer: it asks each whether it is there, sends calls to one that is,
/// and breaks off those to one that is not any more. What it breaks off fails as UNAVAILABLE, and the client repeats it
/// under the same request id. Unary calls only. Thread-safe.
/// </summary>
internal sealed class RouterPool : ForwardingCallInvoker, IAsyncDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private readonly Member[] _members;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _watching;
    private int _next;

    public RouterPool(IEnumerable<string> addresses)
    {
        _members = [.. addresses.Select(address => new Member(GrpcChannel.ForAddress(address, new GrpcChannelOptions
        {
            ConnectTimeout = Patience,
        })))];
        _watching = Task.WhenAll(_members.Select(member => Task.Run(() => WatchAsync(member))));
    }

    public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request)
    {
        var response = CallAsync(method, host, options, request);
        return new AsyncUnaryCall<TResponse>(
            response, Task.FromResult(new Grpc.Core.Metadata()), () => Status.DefaultSuccess, () => [], static () => { });
    }

    protected override CallInvoker Next => throw new NotSupportedException();

    public async ValueTask DisposeAsync()
    {
        if (_stop.IsCancellationRequested)
            return;
        await _stop.CancelAsync();
        await _watching;
        foreach (var member in _members)
            member.Dispose();
        _stop.Dispose();
    }

    private async Task<TResponse> CallAsync<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request)
        where TRequest : class
        where TResponse : class
    {
        var member = Choose();
        // Where none answers at the moment, it is tried all the same.
        var gone = member.Gone is { IsCancellationRequested: false } there ? there : CancellationToken.None;
        using var either = CancellationTokenSource.CreateLinkedTokenSource(gone, options.CancellationToken);
        try
        {
            using var call = member.Invoker.AsyncUnaryCall(method, host, options.WithCancellationToken(either.Token), request);
            return await call;
        }
        catch (RpcException broken) when (gone.IsCancellationRequested && !options.CancellationToken.IsCancellationRequested)
        {
            throw new RpcException(new Status(StatusCode.Unavailable, $"The router does not answer any more ({broken.StatusCode})."));
        }
        catch (RpcException away) when (away.StatusCode == StatusCode.Unavailable)
        {
            Interlocked.Increment(ref _next);
            throw;
        }
    }

    private Member Choose()
    {
        var first = (uint)Volatile.Read(ref _next);
        for (var i = 0u; i < _members.Length; i++)
        {
            var member = _members[(first + i) % _members.Length];
            if (!member.Gone.IsCancellationRequested)
                return member;
        }

        return _members[first % _members.Length];
    }

    private async Task WatchAsync(Member member)
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                await new Health.HealthClient(member.Invoker).CheckAsync(
                    new HealthCheckRequest(), deadline: DateTime.UtcNow + Patience, cancellationToken: _stop.Token);
                member.IsBack();
            }
            catch (RpcException)
            {
                member.IsGone();
            }

            await Task.Delay(Pause, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private sealed class Member(GrpcChannel channel) : IDisposable
    {
        private CancellationTokenSource _gone = new();

        public CallInvoker Invoker { get; } = channel.CreateCallInvoker();

        public CancellationToken Gone => Volatile.Read(ref _gone).Token;

        public void IsGone() => Volatile.Read(ref _gone).Cancel();

        public void IsBack()
        {
            if (_gone.IsCancellationRequested)
                Volatile.Write(ref _gone, new CancellationTokenSource());
        }

        public void Dispose() => channel.Dispose();
    }
}
