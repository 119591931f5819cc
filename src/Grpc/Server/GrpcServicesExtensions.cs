using Grpc.AspNetCore.Server;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Configures gRPC in a server.</summary>
public interface IGrpcServerBuilder
{
    /// <summary>The server's services.</summary>
    IServiceCollection Services { get; }
}

/// <summary>Registers gRPC.</summary>
public static class GrpcServicesExtensions
{
    /// <summary>Registers what gRPC services need; map them with <c>MapGrpcService</c>.</summary>
    public static IGrpcServerBuilder AddGrpc(
        this IServiceCollection services, Action<GrpcServiceOptions>? configureOptions = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.AddRouting();
        services.AddOptions<GrpcServiceOptions>().ValidateOnStart();
        services.TryAddEnumerable(
            ServiceDescriptor.Singleton<IValidateOptions<GrpcServiceOptions>, GrpcServiceOptionsValidator>());
        services.TryAddSingleton<GrpcServerMetrics>();
        services.TryAddSingleton<ShutdownDrain>();
        services.TryAddSingleton<CallHost>();
        if (configureOptions is not null)
            services.Configure(configureOptions);
        return new Builder(services);
    }

    /// <summary>Options of one service, starting as a copy of the server's.</summary>
    public static IGrpcServerBuilder AddServiceOptions<TService>(
        this IGrpcServerBuilder builder, Action<GrpcServiceOptions<TService>> configure)
        where TService : class
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.TryAddEnumerable(
            ServiceDescriptor
                .Singleton<IConfigureOptions<GrpcServiceOptions<TService>>, CopyServerOptions<TService>>());
        builder.Services.Configure(configure);
        return builder;
    }

    private sealed record Builder(IServiceCollection Services) : IGrpcServerBuilder;

    private sealed class CopyServerOptions<TService>(IOptions<GrpcServiceOptions> server)
        : IConfigureOptions<GrpcServiceOptions<TService>>
        where TService : class
    {
        public void Configure(GrpcServiceOptions<TService> options)
        {
            options.Interceptors.Clear();
            server.Value.CopyTo(options);
        }
    }
}
