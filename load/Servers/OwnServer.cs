using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Rag.Load.Scenarios;

namespace Rag.Load.Servers;

/// <summary>
/// A server of our own: <c>rag serve</c> as a child process on a free loopback port, with a folder that is fresh and goes
/// away with it. It is ended whatever happens.
/// </summary>
internal sealed class OwnServer : IAsyncDisposable
{
    /// <summary>Path of the program to start; set by the script that starts this one.</summary>
    public const string ProgramVariable = "RAG_PROGRAM";

    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(60);

    private readonly string _program;
    private readonly string _folder;
    private readonly bool _keepsFolder;
    private Process? _process;
    private int _port;

    private OwnServer(string program, string folder, bool keepsFolder) =>
        (_program, _folder, _keepsFolder) = (program, folder, keepsFolder);

    public Uri Address => new($"http://127.0.0.1:{_port}");

    public int? ProcessId => _process?.Id;

    /// <summary>Seconds from the last start until it could be called.</summary>
    public double StartSeconds { get; private set; }

    /// <param name="folder">Its data folder, kept; null: a temporary one.</param>
    /// <exception cref="ScenarioException">It does not start.</exception>
    public static async Task<OwnServer> StartAsync(Scenario scenario, string? folder, CancellationToken cancellationToken)
    {
        var path = folder ?? Path.Combine(Path.GetTempPath(), $"rag-load-{Guid.NewGuid():N}");
        Directory.CreateDirectory(path);
        if (scenario.Server.Count > 0)
            await File.WriteAllTextAsync(Path.Combine(path, "rag.json"), JsonSerializer.Serialize(scenario.Server), cancellationToken);
        var server = new OwnServer(FindProgram(), path, folder is not null);
        try
        {
            await server.StartAsync(cancellationToken);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var watch = Stopwatch.StartNew();
        var start = new ProcessStartInfo("dotnet")
        {
            ArgumentList =
            {
                _program, "serve", "--data", _folder, "--listen",
                string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{_port}"),
            },
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        start.Environment.TryAdd("RAG_LOG", "Warning");
        _process = Process.Start(start) ?? throw new ScenarioException("The server's process does not start.");
        var said = new List<string>();
        _process.OutputDataReceived += (_, line) => Keep(said, line.Data);
        _process.ErrorDataReceived += (_, line) => Keep(said, line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        while (!TryReadPort())
        {
            if (_process.HasExited || watch.Elapsed > StartPatience)
            {
                throw new ScenarioException(
                    $"The server {(_process.HasExited ? $"ended with exit code {_process.ExitCode}" : "does not get ready")}: "
                    + string.Join(" ", Said(said)));
            }

            await Task.Delay(5, cancellationToken);
        }

        StartSeconds = watch.Elapsed.TotalSeconds;
    }

    public async Task KillAsync()
    {
        if (_process is null)
            return;
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        _process = null;
        File.Delete(Path.Combine(_folder, "instance.json"));
    }

    /// <summary>Asks it to stop and waits; kills it if it does not.</summary>
    public async Task StopAsync()
    {
        if (_process is not { HasExited: false } process)
        {
            _process = null;
            return;
        }

        using (var signal = Process.Start("kill", ["-TERM", process.Id.ToString(CultureInfo.InvariantCulture)]))
            await signal.WaitForExitAsync();
        using var patience = new CancellationTokenSource(StopPatience);
        try
        {
            await process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            await KillAsync();
        }

        _process?.Dispose();
        _process = null;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        if (!_keepsFolder)
            Directory.Delete(_folder, recursive: true);
    }

    private static string FindProgram()
    {
        var named = Environment.GetEnvironmentVariable(ProgramVariable);
        if (!string.IsNullOrEmpty(named))
            return named;
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var program = Path.Combine(folder.FullName, "src", "Cli", "bin", "Release", "net10.0", "Rag.Cli.dll");
            if (File.Exists(program))
                return program;
        }

        throw new ScenarioException(
            $"There is no server program to start: run ./rag load, set {ProgramVariable}, or name a running one with --address.");
    }

    private static void Keep(List<string> said, string? line)
    {
        if (line is null)
            return;
        lock (said)
        {
            if (said.Count < 50)
                said.Add(line);
        }
    }

    private static string[] Said(List<string> said)
    {
        lock (said)
            return [.. said];
    }

    private bool TryReadPort()
    {
        try
        {
            using var json = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(_folder, "instance.json")));
            if (json.RootElement.GetProperty("pid").GetInt32() != _process!.Id)
                return false;
            _port = new Uri(json.RootElement.GetProperty("address").GetString()!).Port;
            return true;
        }
        catch (Exception failure) when (failure is IOException or JsonException or UriFormatException)
        {
            return false;
        }
    }
}
