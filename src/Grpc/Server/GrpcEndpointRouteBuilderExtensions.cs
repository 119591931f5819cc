using System.Reflection;
using Grpc.AspNetCore.Server;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Microsoft.AspNetCore.Builder;

/// <summary>Maps gRPC services to endpoints.</summary>
public static class GrpcEndpointRouteBuilderExtensions
{
    /// <summary>
    /// Serves a service. Each call takes its instance from the call's services (so a registered singleton or scoped
    /// service is used as such) or, where the type is not registered, makes one and disposes it after the call.
    /// </summary>
    public static GrpcServiceEndpointConventionBuilder MapGrpcService<TService>(this IEndpointRouteBuilder builder)
        where TService : class
    {
        ArgumentNullException.ThrowIfNull(builder);
        return Map(builder, typeof(TService), ServiceMethodCollector.Collect<TService>(), ServiceOptions<TService>(builder));
    }

    /// <summary>
    /// Serves a service with one instance for all calls, which therefore is thread-safe. Calls need no services of their
    /// own then, which spares each a scope.
    /// </summary>
    public static GrpcServiceEndpointConventionBuilder MapGrpcService<TService>(
        this IEndpointRouteBuilder builder, TService service)
        where TService : class
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(service);
        return Map(
            builder, service.GetType(), ServiceMethodCollector.Collect(service), ServiceOptions<TService>(builder));
    }

    /// <summary>Serves the methods of a definition.</summary>
    public static GrpcServiceEndpointConventionBuilder MapGrpcService(
        this IEndpointRouteBuilder builder, ServerServiceDefinition serviceDefinition)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(serviceDefinition);
        return Map(builder, typeof(ServerServiceDefinition), ServiceMethodCollector.Collect(serviceDefinition),
            ServerOptions(builder));
    }

    private static GrpcServiceEndpointConventionBuilder Map(IEndpointRouteBuilder endpoints, Type service,
        IReadOnlyList<ServerMethod> methods, GrpcServiceOptions options)
    {
        var host = Services(endpoints).GetService<CallHost>()
            ?? throw new InvalidOperationException("Call services.AddGrpc() before mapping gRPC services.");
        var settings = new MethodSettings(options);
        var conventions = new List<IEndpointConventionBuilder>();
        foreach (var bound in methods)
        {
            var method = bound.Description;
            var handler = bound.Intercept(options.Interceptors).CreateHttpHandler(settings, host);
            var endpoint = endpoints.MapPost(method.FullName, (RequestDelegate)handler.HandleAsync);
            endpoint.WithDisplayName($"gRPC - {method.FullName}");
            endpoint.WithMetadata([new GrpcMethodMetadata(service, method), .. Attributes(service, method)]);
            conventions.Add(endpoint);
        }

        if (options.IgnoreUnknownServices != true)
            UnimplementedEndpoints.Map(endpoints, methods.Select(bound => bound.Description.ServiceName), host);
        return new GrpcServiceEndpointConventionBuilder(conventions);
    }

    /// <summary>
    /// The attributes of class and method, for instance [Authorize]; the method's stand last and win.
    /// </summary>
    private static IEnumerable<object> Attributes(Type service, IMethod method)
    {
        if (service == typeof(ServerServiceDefinition))
            return [];
        var implementations = service.GetMethods(BindingFlags.Public | BindingFlags.Instance)
            .Where(candidate => candidate.Name == method.Name
                && candidate.GetParameters() is [.., var last] && last.ParameterType == typeof(ServerCallContext));
        return service.GetCustomAttributes(inherit: true)
            .Concat(implementations.SelectMany(candidate => candidate.GetCustomAttributes(inherit: true)));
    }

    /// <summary>Options that were configured for this service, or the server's own.</summary>
    private static GrpcServiceOptions ServiceOptions<TService>(IEndpointRouteBuilder builder)
        where TService : class
    {
        var services = Services(builder);
        return services.GetServices<IConfigureOptions<GrpcServiceOptions<TService>>>().Any()
            ? services.GetRequiredService<IOptions<GrpcServiceOptions<TService>>>().Value
            : ServerOptions(builder);
    }

    private static GrpcServiceOptions ServerOptions(IEndpointRouteBuilder builder) =>
        Services(builder).GetRequiredService<IOptions<GrpcServiceOptions>>().Value;

    private static IServiceProvider Services(IEndpointRouteBuilder builder) => builder.ServiceProvider;
}
