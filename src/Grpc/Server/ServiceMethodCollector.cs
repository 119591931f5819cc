using Grpc.Core;

namespace Grpc.AspNetCore.Server;

/// <summary>Collects bound methods: of a definition, of an instance, or of a service made for each call.</summary>
internal class ServiceMethodCollector : ServiceBinderBase
{
    public List<ServerMethod> Methods { get; } = [];

    /// <summary>The methods of a definition, whose handlers are given.</summary>
    public static IReadOnlyList<ServerMethod> Collect(ServerServiceDefinition definition)
    {
        var collector = new ServiceMethodCollector();
        definition.BindService(collector);
        return collector.Methods;
    }

    /// <summary>The methods of one instance that serves all calls.</summary>
    public static IReadOnlyList<ServerMethod> Collect(object service)
    {
        var collector = new ServiceMethodCollector();
        ServiceBinding.Bind(service.GetType(), collector, service);
        return collector.Methods;
    }

    /// <summary>The methods of a service that each call takes from its services, or makes.</summary>
    public static IReadOnlyList<ServerMethod> Collect<TService>()
        where TService : class
    {
        var collector = new PerCallMethodCollector<TService>();
        ServiceBinding.Bind(typeof(TService), collector, null);
        return collector.Methods;
    }

    public override void AddMethod<TRequest, TResponse>(
        Method<TRequest, TResponse> method, UnaryServerMethod<TRequest, TResponse>? handler) =>
        Methods.Add(new ServerMethod<TRequest, TResponse>(method) { Unary = handler });

    public override void AddMethod<TRequest, TResponse>(
        Method<TRequest, TResponse> method, ClientStreamingServerMethod<TRequest, TResponse>? handler) =>
        Methods.Add(new ServerMethod<TRequest, TResponse>(method) { ClientStreaming = handler });

    public override void AddMethod<TRequest, TResponse>(
        Method<TRequest, TResponse> method, ServerStreamingServerMethod<TRequest, TResponse>? handler) =>
        Methods.Add(new ServerMethod<TRequest, TResponse>(method) { ServerStreaming = handler });

    public override void AddMethod<TRequest, TResponse>(
        Method<TRequest, TResponse> method, DuplexStreamingServerMethod<TRequest, TResponse>? handler) =>
        Methods.Add(new ServerMethod<TRequest, TResponse>(method) { DuplexStreaming = handler });
}
