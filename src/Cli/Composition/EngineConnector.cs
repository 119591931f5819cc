using System.CommandLine;
using Microsoft.Extensions.Logging;
using Rag.Cli.Clusters;
using Rag.Cli.Options;
using Rag.Client;

namespace Rag.Cli.Composition;

/// <summary>
/// Finds the engine that a verb works with: the one at <c>--address</c>, else the one that serves the data folder, else
/// the router of the cluster that lives in it, else one that is started here, on that folder and without a socket.
/// </summary>
internal static class EngineConnector
{
    // A command that runs beside another one on the same folder waits for it to end, within reason.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    // A workstation's first query embeds; a bulk load may wait for its turn.
    private static readonly RagClientOptions ClientOptions = new() { Timeout = TimeSpan.FromMinutes(5) };

    public static Task<EngineConnection> ConnectAsync(
        ConnectionOptions options, ParseResult parsed, CancellationToken cancellationToken) =>
        FindRunning(options, parsed) is { } running
            ? Task.FromResult(running)
            : StartAsync(options.Data(parsed), cancellationToken);

    /// <summary>The same for data that nobody keeps: an engine of one's own gets a folder that goes away with it.</summary>
    public static async Task<EngineConnection> ConnectTemporaryAsync(
        ConnectionOptions options, ParseResult parsed, CancellationToken cancellationToken)
    {
        if (FindRunning(options, parsed) is { } running)
            return running;
        if (!options.IsDefaultData(parsed))
            return await StartAsync(options.Data(parsed), cancellationToken);
        var folder = new TemporaryDataFolder();
        try
        {
            var engine = await EngineHost.StartAsync(
                new EngineHostOptions { Data = folder.Data, Patience = Patience }, LogLevel.Error, cancellationToken);
            return new EngineConnection(
                new RagClient(engine.Invoker, ClientOptions), "in this process", new OwnedEngine(engine, folder));
        }
        catch
        {
            folder.Dispose();
            throw;
        }
    }

    private static EngineConnection? FindRunning(ConnectionOptions options, ParseResult parsed)
    {
        var address = options.Address(parsed) ?? InstanceFile.Find(options.Data(parsed))?.Address
            ?? new ClusterFolder(options.Data(parsed)).FindRouter();
        return address is null ? null : new EngineConnection(RagClient.Connect(address, ClientOptions), address);
    }

    private static async Task<EngineConnection> StartAsync(DataFolder data, CancellationToken cancellationToken)
    {
        var engine = await EngineHost.StartAsync(
            new EngineHostOptions { Data = data, Patience = Patience }, LogLevel.Error, cancellationToken);
        return new EngineConnection(new RagClient(engine.Invoker, ClientOptions), "in this process", engine);
    }

    private sealed class OwnedEngine(EngineHost engine, TemporaryDataFolder folder) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await engine.DisposeAsync();
            folder.Dispose();
        }
    }
}
