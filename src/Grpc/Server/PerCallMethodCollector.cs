using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;

namespace Grpc.AspNetCore.Server;

/// <summary>
/// Binds methods to a type: each call takes an instance from its services or, where the type is not registered, makes
/// one and disposes it at the call's end.
/// </summary>
internal sealed class PerCallMethodCollector<TService> : ServiceMethodCollector
    where TService : class
{
    private static readonly Lazy<ObjectFactory<TService>> Factory =
        new(() => ActivatorUtilities.CreateFactory<TService>([]));

    public override void AddMethod<TRequest, TResponse>(
        Method<TRequest, TResponse> method, UnaryServerMethod<TRequest, TResponse>? handler)
    {
        var open = Open<Func<TService, TRequest, ServerCallContext, Task<TResponse>>>(
            method.Name, typeof(TRequest), typeof(ServerCallContext));
        base.AddMethod(method, (request, context) => open(Resolve(context), request, context));
    }

    public override void AddMethod<TRequest, TResponse>(
        Method<TRequest, TResponse> method, ClientStreamingServerMethod<TRequest, TResponse>? handler)
    {
        var open = Open<Func<TService, IAsyncStreamReader<TRequest>, ServerCallContext, Task<TResponse>>>(
            method.Name, typeof(IAsyncStreamReader<TRequest>), typeof(ServerCallContext));
        base.AddMethod(method, (IAsyncStreamReader<TRequest> requests, ServerCallContext context) =>
            open(Resolve(context), requests, context));
    }

    public override void AddMethod<TRequest, TResponse>(
        Method<TRequest, TResponse> method, ServerStreamingServerMethod<TRequest, TResponse>? handler)
    {
        var open = Open<Func<TService, TRequest, IServerStreamWriter<TResponse>, ServerCallContext, Task>>(
            method.Name, typeof(TRequest), typeof(IServerStreamWriter<TResponse>), typeof(ServerCallContext));
        base.AddMethod(method, (TRequest request, IServerStreamWriter<TResponse> responses,
            ServerCallContext context) => open(Resolve(context), request, responses, context));
    }

    public override void AddMethod<TRequest, TResponse>(
        Method<TRequest, TResponse> method, DuplexStreamingServerMethod<TRequest, TResponse>? handler)
    {
        var open = Open<Func<
            TService, IAsyncStreamReader<TRequest>, IServerStreamWriter<TResponse>, ServerCallContext, Task>>(
            method.Name, typeof(IAsyncStreamReader<TRequest>), typeof(IServerStreamWriter<TResponse>),
            typeof(ServerCallContext));
        base.AddMethod(method, (IAsyncStreamReader<TRequest> requests, IServerStreamWriter<TResponse> responses,
            ServerCallContext context) => open(Resolve(context), requests, responses, context));
    }

    private static TService Resolve(ServerCallContext context)
    {
        var call = GrpcServerCallContext.Of(context);
        return call.Services.GetService<TService>()
            ?? (TService)call.Own(Factory.Value(call.Services, []));
    }

    private static TDelegate Open<TDelegate>(string name, params Type[] parameters)
        where TDelegate : Delegate
    {
        var method = typeof(TService).GetMethod(name, parameters)
            ?? throw new InvalidOperationException($"{typeof(TService).Name} has no method {name}.");
        return method.CreateDelegate<TDelegate>();
    }
}
