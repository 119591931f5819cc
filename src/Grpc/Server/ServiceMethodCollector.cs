using System.Reflection;
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

/// <summary>Finds and calls the generated bind method of a service type.</summary>
internal static class ServiceBinding
{
    /// <summary>The generated class that binds the service, for instance <c>Health</c> of <c>HealthBase</c>.</summary>
    /// <exception cref="InvalidOperationException">The type does not derive from a generated base class.</exception>
    public static BindServiceMethodAttribute Find(Type service)
    {
        for (var type = service; type is not null; type = type.BaseType)
        {
            if (type.GetCustomAttribute<BindServiceMethodAttribute>(inherit: false) is { } attribute)
                return attribute;
        }

        throw new InvalidOperationException($"{service.Name} does not derive from a generated gRPC base class.");
    }

    public static void Bind(Type service, ServiceBinderBase binder, object? instance)
    {
        var attribute = Find(service);
        var bind = attribute.BindType.GetMethods(BindingFlags.Public | BindingFlags.Static | BindingFlags.NonPublic)
                .FirstOrDefault(method => method.Name == attribute.BindMethodName && IsBindMethod(method))
            ?? throw new InvalidOperationException($"{attribute.BindType.Name} has no bind method.");
        bind.Invoke(null, BindingFlags.DoNotWrapExceptions, null, [binder, instance], null);
    }

    private static bool IsBindMethod(MethodInfo method)
    {
        var parameters = method.GetParameters();
        return parameters.Length == 2 && parameters[0].ParameterType == typeof(ServiceBinderBase);
    }
}
