using System.CommandLine;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using NATS.Client.Core;
using Rag.Cli.Clusters;
using Rag.Cli.Composition;
using Rag.Cli.Options;
using Rag.Hosting.Messaging;
using Rag.Hosting.Topology;

namespace Rag.Cli.Topologies;

/// <summary>The topology that a verb looks at or changes: in a file that is named, else in NATS.</summary>
internal sealed class TopologyAccess : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly string? _file;
    private readonly NatsOptions? _nats;
    private readonly INatsConnection? _connection;
    private readonly ILoggerFactory _loggers;
    private ITopologyStore? _store;

    private TopologyAccess(string? file, NatsOptions? nats, ILoggerFactory loggers)
    {
        _file = file;
        _nats = nats;
        _loggers = loggers;
        if (nats is not null)
            _connection = new ServiceCollection().AddNats(nats, loggers);
    }

    /// <exception cref="CliException">Neither is named.</exception>
    public static TopologyAccess Create(ParseResult parsed, Option<string?> topology, Option<string?> data)
    {
        var folder = DataFolder.Resolve(parsed.GetValue(data));
        var nats = Settings.Read(folder).Get("Nats", new NatsOptions());
        var file = parsed.GetValue(topology);
        if (!nats.IsSet && new ClusterFolder(folder).Read() is { } cluster)
            nats = NatsNodes.Options(cluster);
        if (file is null && !nats.IsSet)
        {
            throw new CliException(
                $"No topology is named: give its file with --topology, or the folder whose {Settings.FileName} names the servers "
                + "of NATS (Nats.Urls) with --data.", ExitCode.Usage);
        }

        try
        {
            return new TopologyAccess(file, file is null ? nats : null, ServerLog.Create(LogLevel.Error));
        }
        catch (ArgumentException unusable)
        {
            throw new CliException(unusable.Message);
        }
    }

    /// <summary>The topology there is.</summary>
    /// <exception cref="TopologyUnavailableException">There is none, or it cannot be reached.</exception>
    public async Task<ITopologyStore> OpenAsync(CancellationToken cancellationToken) => _store ??= _file is not null
        ? TopologyFile.Open(_file, _loggers.CreateLogger<TopologyFile>())
        : await TopologyStream.OpenAsync(
            _connection!, _nats!, copyPath: null, _loggers.CreateLogger<TopologyStream>(), Patience,
            cancellationToken: cancellationToken);

    /// <summary>Makes the first one. False: there is one.</summary>
    public async Task<bool> CreateAsync(ClusterTopology first, CancellationToken cancellationToken)
    {
        if (_file is null)
            return await TopologyStream.CreateAsync(_connection!, _nats!, first, cancellationToken);
        if (File.Exists(_file))
            return false;
        TopologyFile.Write(_file, first);
        return true;
    }

    public async ValueTask DisposeAsync()
    {
        if (_store is IAsyncDisposable store)
            await store.DisposeAsync();
        if (_connection is not null)
            await _connection.DisposeAsync();
        _loggers.Dispose();
    }
}
