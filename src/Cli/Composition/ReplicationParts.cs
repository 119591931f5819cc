using Microsoft.Extensions.DependencyInjection;
using NATS.Client.Core;
using Rag.Engine;
using Rag.Hosting.Messaging;
using Rag.Hosting.Topology;
using Rag.Shard.Replicas;
using Rag.Shard.Replication;

namespace Rag.Cli.Composition;

/// <summary>Composes the mutation log that the replicas of a cluster share: JetStream, where NATS servers are named.
/// Its small files lie in <c>log</c> of the data folder.</summary>
internal static class ReplicationParts
{
    /// <summary>Refuses the data of a replica where no NATS server is named: its places belong to the shared log.</summary>
    public static void CheckAlone(DataFolder data)
    {
        if (File.Exists(Path.Combine(FolderOf(data), "replicas.json")))
        {
            throw new CliException($"The shard in {data.Path} is part of a cluster whose mutation log is on NATS; name "
                + "the servers in the section Nats.");
        }
    }

    /// <exception cref="CliException">Options are not fit, or the log's streams are not as they must be.</exception>
    public static async Task AddAsync(
        ProcessHost host, DataFolder data, Settings settings, string name, ShardStore store, INatsConnection connection,
        ITopologySource topology, CancellationToken cancellationToken)
    {
        try
        {
            var replication = host.Own(await JetStreamReplication.StartAsync(
                connection, settings.Get("Nats", new NatsOptions()).Cluster, store, topology, name, FolderOf(data),
                settings.Get("Log", new ReplicationOptions()), host.Loggers, TimeProvider.System, cancellationToken));
            host.Builder.Services.AddSingleton<IReplicaLog>(replication.Order);
        }
        catch (Exception unusable) when (unusable is ArgumentException or InvalidOperationException or InvalidDataException)
        {
            throw new CliException(unusable.Message);
        }
    }

    private static string FolderOf(DataFolder data) => Path.Combine(data.Path, "log");
}
