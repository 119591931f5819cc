using Grpc.Core;

namespace Grpc.AspNetCore.Server;

/// <summary>A method bound to its handler, whatever carries its calls. Immutable and thread-safe.</summary>
internal abstract class ServerMethod
{
    public abstract IMethod Description { get; }

    /// <summary>The method with interceptors before its handler, the first one outermost.</summary>
    public abstract ServerMethod Intercept(IReadOnlyList<InterceptorRegistration> interceptors);

    /// <summary>What serves the method's calls over HTTP.</summary>
    public abstract HttpCallHandler CreateHttpHandler(MethodSettings settings, CallHost host);
}

/// <inheritdoc/>
internal sealed class ServerMethod<TRequest, TResponse>(Method<TRequest, TResponse> method) : ServerMethod
    where TRequest : class
    where TResponse : class
{
    public override IMethod Description => method;

    public Method<TRequest, TResponse> Method => method;

    // Exactly the one of the method's type is set.
    public UnaryServerMethod<TRequest, TResponse>? Unary { get; init; }

    public ClientStreamingServerMethod<TRequest, TResponse>? ClientStreaming { get; init; }

    public ServerStreamingServerMethod<TRequest, TResponse>? ServerStreaming { get; init; }

    public DuplexStreamingServerMethod<TRequest, TResponse>? DuplexStreaming { get; init; }

    public override ServerMethod Intercept(IReadOnlyList<InterceptorRegistration> interceptors)
    {
        if (interceptors.Count == 0)
            return this;
        var (unary, clientStreaming) = (Unary, ClientStreaming);
        var (serverStreaming, duplexStreaming) = (ServerStreaming, DuplexStreaming);
        foreach (var interceptor in interceptors.Reverse())
        {
            unary = Wrap(unary, interceptor);
            clientStreaming = Wrap(clientStreaming, interceptor);
            serverStreaming = Wrap(serverStreaming, interceptor);
            duplexStreaming = Wrap(duplexStreaming, interceptor);
        }

        return new ServerMethod<TRequest, TResponse>(method)
        {
            Unary = unary,
            ClientStreaming = clientStreaming,
            ServerStreaming = serverStreaming,
            DuplexStreaming = duplexStreaming,
        };
    }

    public override HttpCallHandler CreateHttpHandler(MethodSettings settings, CallHost host) =>
        new HttpCallHandler<TRequest, TResponse>(this, settings, host);

    private static UnaryServerMethod<TRequest, TResponse>? Wrap(
        UnaryServerMethod<TRequest, TResponse>? inner, InterceptorRegistration interceptor) => inner is null
        ? null
        : (request, context) => interceptor.Get(context).UnaryServerHandler(request, context, inner);

    private static ClientStreamingServerMethod<TRequest, TResponse>? Wrap(
        ClientStreamingServerMethod<TRequest, TResponse>? inner, InterceptorRegistration interceptor) => inner is null
        ? null
        : (requests, context) => interceptor.Get(context).ClientStreamingServerHandler(requests, context, inner);

    private static ServerStreamingServerMethod<TRequest, TResponse>? Wrap(
        ServerStreamingServerMethod<TRequest, TResponse>? inner, InterceptorRegistration interceptor) => inner is null
        ? null
        : (request, responses, context) =>
            interceptor.Get(context).ServerStreamingServerHandler(request, responses, context, inner);

    private static DuplexStreamingServerMethod<TRequest, TResponse>? Wrap(
        DuplexStreamingServerMethod<TRequest, TResponse>? inner, InterceptorRegistration interceptor) => inner is null
        ? null
        : (requests, responses, context) =>
            interceptor.Get(context).DuplexStreamingServerHandler(requests, responses, context, inner);
}
