using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using NATS.Client.Core;
using Rag.Hosting.Messaging;
using Rag.Hosting.Topology;

namespace Rag.Cli.Composition;

/// <summary>Composes where a process learns of the topology: a file that is named, else the stream in NATS.</summary>
internal static class TopologyParts
{
    /// <summary>In the data folder: the last topology that the process saw in NATS.</summary>
    public const string CopyName = "topology.json";

    /// <param name="file">What <c>--topology</c> names, or null.</param>
    /// <param name="nats">The connection, or null where the options name no server.</param>
    /// <exception cref="CliException">Neither is there, or what it has cannot be used.</exception>
    public static async Task<ITopologyStore> AddAsync(
        ProcessHost host, DataFolder data, string? file, INatsConnection? nats, CancellationToken cancellationToken)
    {
        CheckNamed(data, file, nats);
        ITopologyStore store;
        try
        {
            store = await OpenAsync(host.Builder.Services, host.Loggers, data, file, nats, cancellationToken);
        }
        catch (InvalidTopologyException unusable)
        {
            throw new CliException(unusable.Message, ExitCode.Misconfigured);
        }

        host.Own(store);
        host.Builder.Services.AddSingleton(store);
        host.Builder.Services.AddSingleton<ITopologySource>(store);
        return store;
    }

    /// <summary>Refuses a process that is told of no topology, before anything is opened.</summary>
    /// <exception cref="CliException">Neither a file nor a server is named.</exception>
    public static void CheckNamed(DataFolder data, string? file, INatsConnection? nats)
    {
        if (file is null && nats is null)
        {
            throw new CliException(
                "Where is the topology? Name a file with --topology, or the servers of NATS in Nats.Urls of "
                + $"{Path.Combine(data.Path, Settings.FileName)} (or RAG_Nats__Urls__0).", ExitCode.Usage);
        }
    }

    private static async Task<ITopologyStore> OpenAsync(
        IServiceCollection services, ILoggerFactory loggers, DataFolder data, string? file, INatsConnection? nats,
        CancellationToken cancellationToken)
    {
        if (file is not null)
            return TopologyFile.Open(file, loggers.CreateLogger<TopologyFile>());
        var options = (NatsOptions)services.Last(service => service.ServiceType == typeof(NatsOptions)).ImplementationInstance!;
        return await TopologyStream.OpenAsync(
            nats!, options, Path.Combine(data.Path, CopyName), loggers.CreateLogger<TopologyStream>(),
            cancellationToken: cancellationToken);
    }
}
