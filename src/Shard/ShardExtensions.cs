using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Rag.Embedding;
using Rag.Engine;
using Rag.Hosting.Overload;
using Rag.Hosting.Topology;
using Rag.Hosting.Wire;
using Rag.Internal.V1;
using Rag.Shard.Embedding;
using Rag.Shard.Refinement;
using Rag.Shard.Replicas;
using Rag.Shard.Services;

namespace Rag.Shard;

/// <summary>Composition of a shard.</summary>
public static class ShardExtensions
{
    /// <summary>
    /// Adds a shard on a store that is open already. The host needs an <see cref="ITopologySource"/> and gRPC, and
    /// closes the store itself, after the last call has ended.
    /// </summary>
    /// <exception cref="ArgumentException">Options are not fit; the message lists every error.</exception>
    public static IServiceCollection AddShard(
        this IServiceCollection services, ShardOptions options, ModelOptions models, ShardStore store)
    {
        List<string> errors = [.. options.Validate(), .. models.Validate().Select(error => $"Models.{error}")];
        if (errors.Count > 0)
            throw new ArgumentException("The shard's options are not fit: " + string.Join(" ", errors));
        services.AddSingleton(options);
        services.AddSingleton(store);
        services.AddSingleton(provider =>
            new ModelRegistry(models, provider.GetRequiredService<ILoggerFactory>()));
        services.AddSingleton(provider =>
            new RerankerRegistry(models, provider.GetRequiredService<ILoggerFactory>()));
        services.AddSingleton<RerankHandler>();
        services.AddSingleton(provider =>
            new TokenEncoderRegistry(models, provider.GetRequiredService<ILoggerFactory>()));
        services.AddSingleton<TokenVectors>();
        services.AddSingleton<ScoreHandler>();
        services.AddSingleton<SearchActivity>();
        services.AddSingleton<RefinementLedger>();
        services.AddSingleton<ModelChangeMeter>();
        services.AddSingleton<SliceResolver>();
        services.AddSingleton<PassageEmbedder>();
        services.AddSingleton<WriteHandler>();
        services.AddSingleton<SurroundingsReader>();
        services.AddSingleton<ReadHandler>();
        services.AddSingleton<FacetHandler>();
        services.AddSingleton<SearchHandler>();
        services.TryAddSingleton(_ => new SearchDoor<Guid>(options.Overload, "shard"));
        services.AddSingleton<SearchAdmission>();
        services.AddSingleton<SearchStreams>();
        services.AddSingleton<ILocalSearch, LocalSearch>();
        services.AddSingleton<EmbedHandler>();
        services.AddSingleton<StatusHandler>();
        services.AddSingleton<ShardMetrics>();
        services.AddHostedService(static provider => provider.GetRequiredService<ShardMetrics>());
        services.AddSingleton<ShardRpc>();
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<IReplicaLog, NoReplicaLog>();
        services.AddSingleton<PartitionSender>();
        services.AddSingleton<ReplicaRpc>();
        if (options.Refinement.Enabled)
            services.AddRefinement(options.Refinement, models.Embedder);
        return services;
    }

    /// <summary>
    /// Lets the shard follow changes of the topology: copy partitions that it is to hold, drop those that it is not. The
    /// host needs an <see cref="ITopologyStore"/>; where replicas share a log, an <see cref="IReplicaLog"/> is added before
    /// the shard.
    /// </summary>
    public static IServiceCollection AddShardReplicas(this IServiceCollection services)
    {
        services.AddSingleton<PartitionReceiver>();
        services.AddSingleton<ReplicaAgent>();
        services.AddHostedService(static provider => provider.GetRequiredService<ReplicaAgent>());
        return services;
    }

    private static void AddRefinement(
        this IServiceCollection services, RefinementOptions options, EmbedderOptions embedding)
    {
        var workers = embedding.BackgroundWorkers > 0
            ? embedding.BackgroundWorkers
            : Math.Clamp(Environment.ProcessorCount / 2, 1, 8);
        services.AddSingleton<IRefinementDuty, TopologyDuty>();
        services.AddSingleton<IRefinementModels, RegisteredModels>();
        services.AddSingleton<RefinementPlan>();
        services.AddSingleton<RefinementSchedule>();
        services.AddSingleton<RefinementMetrics>();
        services.AddHostedService(
            provider => ActivatorUtilities.CreateInstance<Refiner>(provider, options, new BackgroundWorkers(workers)));
    }

    /// <summary>Serves the shard's gRPC services to routers and to other shards.</summary>
    public static void MapShard(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGrpcService<ShardRpc>();
        endpoints.MapGrpcService<ReplicaRpc>();
    }

    /// <summary>The shard's service for callers in the same process.</summary>
    public static ServerServiceDefinition BindShard(this IServiceProvider services) =>
        ShardService.BindService(services.GetRequiredService<ShardRpc>());
}
