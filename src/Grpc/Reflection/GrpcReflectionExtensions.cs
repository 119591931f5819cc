using Grpc.Reflection;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers and maps the reflection services.</summary>
public static class GrpcReflectionExtensions
{
    /// <summary>Registers reflection over the services that the host maps.</summary>
    public static IServiceCollection AddGrpcReflection(this IServiceCollection services)
    {
        ArgumentNullException.ThrowIfNull(services);
        // Lazy, because services may be mapped after the reflection service itself.
        services.TryAddSingleton(provider => new Lazy<ReflectionAnswers>(() => ReflectionServiceImpl.Describe(
            MappedServices.Find(provider.GetRequiredService<EndpointDataSource>()))));
        services.TryAddSingleton(provider =>
            new ReflectionServiceImpl(provider.GetRequiredService<Lazy<ReflectionAnswers>>()));
        services.TryAddSingleton<AlphaReflectionService>();
        return services;
    }

    /// <summary>Serves grpc.reflection.v1 and v1alpha.</summary>
    public static GrpcServiceEndpointConventionBuilder MapGrpcReflectionService(this IEndpointRouteBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return new GrpcServiceEndpointConventionBuilder(
            [builder.MapGrpcService<ReflectionServiceImpl>(), builder.MapGrpcService<AlphaReflectionService>()]);
    }
}
