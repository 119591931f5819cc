using System.Diagnostics;
using NATS.Client.Core;

namespace Rag.Testing;

/// <summary>
/// A real nats-server on a free loopback port with a JetStream folder of its own. It can be killed and started again
/// at the same port with the same data, and is always ended.
/// </summary>
public sealed class NatsServer : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private string _extra;
    private ChildProcess? _process;

    private readonly bool _jetStream;

    private NatsServer(string extra, bool jetStream) => (_extra, _jetStream) = (extra, jetStream);

    public int Port { get; private set; }

    public string Url => $"nats://127.0.0.1:{Port}";

    public string Folder => _folder.Path;

    public int ProcessId => _process!.Id;

    public string Output => _process!.Output;

    private static string Program => File.Exists("/usr/sbin/nats-server") ? "/usr/sbin/nats-server" : "nats-server";

    /// <summary>Starts a server; <paramref name="configuration"/> is added to its configuration file.</summary>
    public static async Task<NatsServer> StartAsync(string configuration = "", bool jetStream = true)
    {
        var server = new NatsServer(configuration, jetStream);
        try
        {
            // The port that was free a moment ago may be taken by now.
            for (var attempt = 1; ; attempt++)
            {
                server.Port = FreePort.Next();
                try
                {
                    await server.StartAgainAsync();
                    return server;
                }
                catch (InvalidOperationException) when (attempt < 4)
                {
                }
            }
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Options for this server, quick to reconnect.</summary>
    public NatsOpts Options() => NatsOpts.Default with
    {
        Url = Url,
        ReconnectWaitMin = TimeSpan.FromMilliseconds(20),
        ReconnectWaitMax = TimeSpan.FromMilliseconds(200),
        ReconnectJitter = TimeSpan.FromMilliseconds(10),
        ConnectTimeout = TimeSpan.FromSeconds(20),
        CommandTimeout = TimeSpan.FromSeconds(30),
        RequestTimeout = TimeSpan.FromSeconds(30),
    };

    public NatsConnection Connect() => new(Options());

    /// <summary>Ends it at once; its data stays.</summary>
    public async Task KillAsync()
    {
        if (Interlocked.Exchange(ref _process, null) is { } process)
            await process.DisposeAsync();
    }

    /// <summary>Stops it in order: what it keeps is on disk, which a killed server of this version does not promise.</summary>
    public async Task StopAsync()
    {
        _process!.Terminate();
        await _process.WaitForExitAsync();
        await KillAsync();
    }

    /// <summary>Starts it at the same port with the same data, with another configuration where one is given.</summary>
    public async Task StartAgainAsync(string? configuration = null)
    {
        _extra = configuration ?? _extra;
        var file = Path.Combine(_folder.Path, "server.conf");
        await File.WriteAllTextAsync(file, $$"""
            listen: "127.0.0.1:{{Port}}"
            {{(_jetStream ? $$"""jetstream { store_dir: "{{Path.Combine(_folder.Path, "js")}}", max_mem: 64MB, max_file: 1GB }""" : "")}}
            {{_extra}}
            """);
        _process = ChildProcess.Start(Program, ["-c", file], _folder.Path);
        await _process.WaitForLineAsync("Server is ready");
    }

    /// <summary>Sends it a signal by name, such as USR2.</summary>
    public void Signal(string name)
    {
        using var kill = Process.Start("kill", [$"-{name}", ProcessId.ToString()]);
        kill.WaitForExit();
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        _folder.Dispose();
    }
}
