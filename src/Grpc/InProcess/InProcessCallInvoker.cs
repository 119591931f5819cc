using Grpc.Core;

namespace Grpc.Net.InProcess;

/// <summary>Makes calls to a server in the same process. Thread-safe.</summary>
internal sealed class InProcessCallInvoker(InProcessServer server) : CallInvoker
{
    public override TResponse BlockingUnaryCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request)
    {
        // The generated API promises a blocking call; nothing in this library uses it.
        using var call = AsyncUnaryCall(method, host, options, request);
        return call.ResponseAsync.GetAwaiter().GetResult();
    }

    public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request)
    {
        var call = Create(method, host, options);
        call.Start(request);
        return new AsyncUnaryCall<TResponse>(call.ResponseAsync, call);
    }

    public override AsyncServerStreamingCall<TResponse> AsyncServerStreamingCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request)
    {
        var call = Create(method, host, options);
        call.Start(request);
        return new AsyncServerStreamingCall<TResponse>(call.ClientReader, call);
    }

    public override AsyncClientStreamingCall<TRequest, TResponse> AsyncClientStreamingCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options)
    {
        var call = Create(method, host, options);
        call.Start(null);
        return new AsyncClientStreamingCall<TRequest, TResponse>(call.ClientWriter, call.ResponseAsync, call);
    }

    public override AsyncDuplexStreamingCall<TRequest, TResponse> AsyncDuplexStreamingCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options)
    {
        var call = Create(method, host, options);
        call.Start(null);
        return new AsyncDuplexStreamingCall<TRequest, TResponse>(call.ClientWriter, call.ClientReader, call);
    }

    private InProcessCall<TRequest, TResponse> Create<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options)
        where TRequest : class
        where TResponse : class => new(server, method, host, options);
}
