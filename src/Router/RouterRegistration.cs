using Grpc.Net.InProcess;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Rag.Router.Access;
using Rag.Router.Balancing;
using Rag.Router.Chunks;
using Rag.Router.Documents;
using Rag.Router.Embedding;
using Rag.Router.Health;
using Rag.Router.Ingest;
using Rag.Router.Search;
using Rag.Router.Services;
using Rag.Router.Shards;
using Rag.Router.Wire;
using Rag.Router.Workspaces;

namespace Rag.Router;

/// <summary>Puts a router into a host.</summary>
public static class RouterRegistration
{
    /// <summary>Name of the health check that the router adds.</summary>
    public const string HealthCheckName = "shards";

    /// <summary>
    /// Registers the router. The composition registers <see cref="IShardConnections"/>,
    /// <see cref="Metadata.IMetadataStore"/> and <see cref="Hosting.Topology.ITopologySource"/>.
    /// </summary>
    /// <param name="services">The host's services.</param>
    /// <param name="options">How it behaves.</param>
    /// <param name="alone">Whether no other process changes the metadata.</param>
    /// <exception cref="ArgumentException">Options are out of range; the message lists every one that is.</exception>
    public static IServiceCollection AddRouter(this IServiceCollection services, RouterOptions options, bool alone = false)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(options);
        if (options.Validate() is { Count: > 0 } errors)
            throw new ArgumentException(string.Join(Environment.NewLine, errors), nameof(options));

        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(options);
        services.AddMetrics();
        services.AddSingleton<RouterMetrics>();
        services.AddSingleton<AccessGate>();
        services.AddSingleton<SearchAdmission>();
        services.AddSingleton<CallPipeline>();
        services.AddSingleton(new WorkspaceLifetime(options.SettingsTtl ?? WorkspaceLifetime.Default(alone)));
        services.AddSingleton<WorkspaceDirectory>();
        services.AddSingleton<WorkspaceDefaults>();
        services.AddSingleton<WorkspaceLifecycle>();
        services.AddSingleton<WorkspaceHandler>();
        services.AddSingleton<ModelChangeHandler>();
        services.AddSingleton<ShardStates>();
        services.AddSingleton<BalancingMetrics>();
        services.AddSingleton<ReplicaCaller>();
        services.AddSingleton<ShardCaller>();
        services.AddSingleton<TextEmbedder>();
        services.AddSingleton<ModelCatalog>();
        services.AddSingleton<EmbedHandler>();
        services.AddSingleton<HitFetcher>();
        services.AddSingleton<HitRetriever>();
        services.AddSingleton<ExampleSearch>();
        services.AddSingleton<LateInteractionStage>();
        services.AddSingleton<HitReranker>();
        services.AddSingleton<HitStages>();
        services.AddSingleton<FacetHandler>();
        services.AddSingleton<SearchHandler>();
        services.AddSingleton<PlainSearcher>();
        services.AddSingleton<SearchItems>();
        services.AddSingleton<MutationIds>();
        services.AddSingleton<UpsertHandler>();
        services.AddSingleton<BulkUpsertHandler>();
        services.AddSingleton<DeleteHandler>();
        services.AddSingleton<ReadHandler>();
        services.AddSingleton<ListHandler>();
        services.TryAddSingleton<IJobBell, SilentBell>();
        services.AddSingleton<SubmitHandler>();
        services.AddSingleton<JobHandler>();
        services.AddSingleton<RequeueHandler>();
        services.AddSingleton<DocumentHandler>();
        services.AddSingleton<DocumentWriter>();
        services.AddSingleton<WorkspaceRpc>();
        services.AddSingleton<ChunkRpc>();
        services.AddSingleton<SearchRpc>();
        services.AddSingleton<SearchWireRpc>();
        services.AddSingleton<ProbeRpc>();
        services.AddSingleton<IngestRpc>();
        services.AddSingleton<EmbeddingRpc>();
        services.AddSingleton<DocumentWriterRpc>();
        services.AddSingleton<WorkspaceSweeper>();
        services.AddHostedService(static provider => provider.GetRequiredService<WorkspaceSweeper>());
        services.AddSingleton<ShardWatch>();
        services.AddHostedService(static provider => provider.GetRequiredService<ShardWatch>());
        services.AddSingleton<ShardProbes>();
        services.AddHostedService(static provider => provider.GetRequiredService<ShardProbes>());
        services.AddHealthChecks().AddCheck<ShardWatch>(HealthCheckName);
        AddServer(services, options);
        return services;
    }

    /// <summary>Maps the public services.</summary>
    public static IEndpointRouteBuilder MapRouter(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGrpcService<WorkspaceRpc>();
        endpoints.MapGrpcService<ChunkRpc>();
        endpoints.MapGrpcService(endpoints.ServiceProvider.GetRequiredService<SearchWireRpc>());
        endpoints.MapGrpcService<IngestRpc>();
        endpoints.MapGrpcService<EmbeddingRpc>();
        if (endpoints.ServiceProvider.GetRequiredService<RouterOptions>().Probe)
            endpoints.MapGrpcService(endpoints.ServiceProvider.GetRequiredService<ProbeRpc>());
        return endpoints;
    }

    /// <summary>Maps what ingestors of other processes call. Not for a port that callers reach.</summary>
    public static IEndpointRouteBuilder MapRouterInternal(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGrpcService<DocumentWriterRpc>();
        return endpoints;
    }

    /// <summary>Serves the same, public and internal, to callers in this process.</summary>
    public static InProcessServer BindRouter(this InProcessServer server, IServiceProvider services)
    {
        ArgumentNullException.ThrowIfNull(server);
        return server
            .Bind(services.GetRequiredService<WorkspaceRpc>())
            .Bind(services.GetRequiredService<ChunkRpc>())
            .Bind(services.GetRequiredService<SearchRpc>())
            .Bind(services.GetRequiredService<IngestRpc>())
            .Bind(services.GetRequiredService<EmbeddingRpc>())
            .Bind(services.GetRequiredService<DocumentWriterRpc>());
    }

    private static void AddServer(IServiceCollection services, RouterOptions options)
    {
        var grpc = services.AddGrpc();
        Limit<WorkspaceRpc>();
        Limit<ChunkRpc>();
        Limit<SearchWireRpc>();
        Limit<ProbeRpc>();
        Limit<IngestRpc>();
        Limit<EmbeddingRpc>();
        Limit<DocumentWriterRpc>();

        void Limit<TService>()
            where TService : class =>
            grpc.AddServiceOptions<TService>(service =>
            {
                service.MaxReceiveMessageSize = options.MaxMessageBytes;
                service.MaxSendMessageSize = options.MaxMessageBytes;
            });
    }
}
