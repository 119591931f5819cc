using System.ComponentModel;
using System.Diagnostics;

namespace Rag.Cli.Clusters;

/// <summary>Programs of others that a cluster is made of.</summary>
internal static class Programs
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(3);

    /// <summary>Path of a program: on PATH, or where Debian puts it.</summary>
    /// <param name="name">Of the program.</param>
    /// <param name="package">Debian's package that has it.</param>
    /// <exception cref="CliException">It is not installed; the sentence says how to.</exception>
    public static string Find(string name, string package)
    {
        var path = Environment.GetEnvironmentVariable("PATH") ?? "";
        foreach (var folder in path.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries).Append("/usr/sbin"))
        {
            var file = Path.Combine(folder, name);
            if (File.Exists(file))
                return file;
        }

        throw new CliException($"A cluster needs {name}: sudo apt-get install -y {package}");
    }

    /// <summary>Runs one to its end and returns what it printed.</summary>
    /// <exception cref="CliException">It failed; the sentence has what it said.</exception>
    public static async Task<string> RunAsync(
        IReadOnlyList<string> command, CancellationToken cancellationToken, string input = "", string? password = null)
    {
        var (code, output, error) = await TryRunAsync(command, cancellationToken, input, password);
        var name = Path.GetFileName(command.FirstOrDefault(static word => word.StartsWith('/')) ?? command[0]);
        return code == 0 ? output.Trim() : throw new CliException($"{name} failed: {(error.Length > 0 ? error : output).Trim()}");
    }

    /// <summary>Runs one to its end.</summary>
    /// <param name="command">Program and arguments, which every user of the machine can see: no secrets.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <param name="input">What it reads.</param>
    /// <param name="password">For programs of PostgreSQL.</param>
    /// <exception cref="CliException">It cannot be started, or does not end.</exception>
    public static async Task<(int ExitCode, string Output, string Error)> TryRunAsync(
        IReadOnlyList<string> command, CancellationToken cancellationToken, string input = "", string? password = null)
    {
        var start = new ProcessStartInfo(command[0], command.Skip(1))
        {
            RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true, WorkingDirectory = "/",
        };
        if (password is not null)
            start.Environment["PGPASSWORD"] = password;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Limit);
        Process? process = null;
        try
        {
            process = Process.Start(start)!;
            var output = process.StandardOutput.ReadToEndAsync(limit.Token);
            var error = process.StandardError.ReadToEndAsync(limit.Token);
            await process.StandardInput.WriteAsync(input.AsMemory(), limit.Token);
            process.StandardInput.Close();
            await process.WaitForExitAsync(limit.Token);
            return (process.ExitCode, await output, await error);
        }
        catch (Win32Exception missing)
        {
            throw new CliException($"{command[0]} cannot be started: {missing.Message}");
        }
        catch (OperationCanceledException)
        {
            process?.Kill(entireProcessTree: true);
            cancellationToken.ThrowIfCancellationRequested();
            throw new CliException($"{command[0]} did not end within {Limit.TotalMinutes:0} minutes.");
        }
        finally
        {
            process?.Dispose();
        }
    }
}
