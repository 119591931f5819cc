using Microsoft.Extensions.DependencyInjection;
using NATS.Client.Core;
using Rag.Engine;
using Rag.Hosting.Topology;
using Rag.Shard;
using Rag.Shard.Mapping;

namespace Rag.Cli.Composition;

/// <summary>
/// Composes a shard: its store in <c>shard</c> of the data folder, its models, its service. With NATS its partitions are
/// replicas that follow the cluster's mutation log.
/// </summary>
internal static class ShardParts
{
    public static async Task AddAsync(
        ProcessHost host, DataFolder data, Settings settings, string name, CancellationToken cancellationToken,
        INatsConnection? nats = null, ITopologySource? topology = null)
    {
        var folder = Path.Combine(data.Path, "shard");
        var store = settings.Get("Store", new StoreOptions { DataFolder = folder }) with
        {
            DataFolder = folder, AttributeText = PassageHeadings.Read, IsReplica = nats is not null,
        };
        var options = settings.Get("Shard", new ShardOptions { Store = store }) with { Name = name, Store = store };
        var models = settings.Get("Models", new ModelOptions { Folders = ModelFolders.All });
        if (models.Folders is null or { Count: 0 })
            models = models with { Folders = ModelFolders.All };
        if (nats is null)
            ReplicationParts.CheckAlone(data);
        var opened = host.Own(
            await ShardStore.OpenAsync(store, host.Loggers, TimeProvider.System, cancellationToken));
        if (nats is not null && topology is not null)
            await ReplicationParts.AddAsync(host, data, settings, name, opened, nats, topology, cancellationToken);
        host.Builder.Services.AddShard(options, models, opened);
    }
}
