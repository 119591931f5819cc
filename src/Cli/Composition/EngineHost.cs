using Grpc.Core;
using Grpc.Net.InProcess;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Rag.Hosting.Overload;
using Rag.Hosting.Topology;
using Rag.Hosting.Wire;
using Rag.Router;
using Rag.Router.Shards;
using Rag.Shard;

namespace Rag.Cli.Composition;

/// <summary>
/// A whole engine in this process: shard, router and ingestor call one another without sockets, and only the public API
/// may be served on one.
/// <code>
///   callers ── socket, or Invoker ── router ── in process ── shard ── store
///                                      │  └───────────── metadata ──┐
///                                      └── in process ── ingestor ──┘
/// </code>
/// </summary>
internal sealed class EngineHost : IAsyncDisposable
{
    private const string ShardName = "shard-0";

    private readonly ProcessHost _host;

    private EngineHost(ProcessHost host)
    {
        _host = host;
        Invoker = host.Services.GetRequiredService<InProcessRouter>().Invoker;
    }

    /// <summary>Calls the public API without a socket.</summary>
    public CallInvoker Invoker { get; }

    /// <summary>Where the public API is served; null where it is not.</summary>
    public string? Address => _host.Address;

    /// <summary>What it is made of, for benchmarks that call a part alone.</summary>
    internal IServiceProvider Services => _host.Services;

    /// <param name="level">The least level that is logged unless RAG_LOG says otherwise.</param>
    /// <exception cref="CliException">The data folder or the port is in use.</exception>
    public static async Task<EngineHost> StartAsync(
        EngineHostOptions options, LogLevel level, CancellationToken cancellationToken)
    {
        var host = new ProcessHost(options.Listen, level);
        try
        {
            host.Own(await options.Data.LockAsync(options.Patience, cancellationToken));
            var settings = Settings.Read(options.Data);
            // The router's door is before it.
            host.Builder.Services.AddSingleton(SearchDoor<Guid>.Open());
            await ShardParts.AddAsync(host, options.Data, settings, ShardName, cancellationToken);
            await MetadataParts.AddAsync(host, options.Data, settings, cancellationToken);
            var services = host.Builder.Services;
            services.AddSingleton<ITopologySource>(new StaticTopology(ClusterTopology.Embedded()));
            services.AddSingleton<IShardConnections>(provider => new InProcessShardConnections(
                // A search by vector ends on the thread that read it from the socket: no queue, no other thread's cache.
                ShardName, new InProcessServer(new InProcessServerOptions { StartHandlersInline = true })
                    .Bind(provider.BindShard()).CreateCallInvoker(),
                provider.GetRequiredService<ILocalSearch>()));
            services.AddSingleton<InProcessRouter>();
            services.AddRouter(settings.Get("Router", new RouterOptions()), alone: MetadataParts.LiesInFolder(settings));
            IngestorParts.Add(
                host, settings, provider => provider.GetRequiredService<InProcessRouter>().Invoker,
                alone: MetadataParts.LiesInFolder(settings));
            await host.StartAsync(application => application.MapRouter(), cancellationToken);
            if (host.Address is { } address)
            {
                host.Own(InstanceFile.Write(options.Data, address));
                ServerLog.Listening(host.Logger, "serve", ProcessHost.Version, address, options.Data.Path);
            }

            return new EngineHost(host);
        }
        catch
        {
            await host.DisposeAsync();
            throw;
        }
    }

    public Task RunUntilAsync(CancellationToken stop) => _host.RunUntilAsync(stop);

    public ValueTask DisposeAsync() => _host.DisposeAsync();
}
