using System.Diagnostics;
using Rag.Cli.Composition;

namespace Rag.Cli.Clusters;

/// <summary>
/// Starts and ends processes that outlive the command that started them: in a session of their own, so that no Ctrl-C
/// and no closed terminal reaches them, with their output in a file. There is no supervisor: what runs is found by
/// process id and start time.
/// </summary>
internal static class NodeProcess
{
    private const long MaxLogBytes = 16 << 20;

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(50);

    /// <param name="environment">Variables that it has besides this process'.</param>
    /// <exception cref="CliException">The program cannot be started.</exception>
    public static ProcessIdentity Start(
        IReadOnlyList<string> command, string log, IReadOnlyDictionary<string, string> environment)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(log)!);
        Rotate(log);
        // The shell only opens the log: it becomes the program, so that the process id is the program's.
        var start = new ProcessStartInfo("/bin/sh") { WorkingDirectory = "/", UseShellExecute = false };
        start.ArgumentList.Add("-c");
        start.ArgumentList.Add("exec setsid \"$@\" >>\"$0\" 2>&1 </dev/null");
        start.ArgumentList.Add(log);
        foreach (var word in command)
            start.ArgumentList.Add(word);
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        try
        {
            using var process = Process.Start(start)!;
            return ProcessIdentity.Of(process);
        }
        catch (Exception failure) when (failure is System.ComponentModel.Win32Exception or InvalidOperationException)
        {
            throw new CliException($"{command[0]} cannot be started: {failure.Message}");
        }
    }

    /// <summary>Asks it to end and waits; one that does not is killed.</summary>
    public static async Task StopAsync(ProcessIdentity process, int signal, TimeSpan patience)
    {
        process.Send(signal);
        if (!await WaitForEndAsync(process, patience))
            await KillAsync(process);
    }

    /// <summary>Ends it at once.</summary>
    public static async Task KillAsync(ProcessIdentity process)
    {
        process.Send(ProcessIdentity.Kill);
        if (!await WaitForEndAsync(process, TimeSpan.FromSeconds(10)))
            throw new CliException($"Process {process.ProcessId} does not end.");
    }

    private static async Task<bool> WaitForEndAsync(ProcessIdentity process, TimeSpan patience)
    {
        var watch = Stopwatch.StartNew();
        while (process.IsAlive())
        {
            if (watch.Elapsed > patience)
                return false;
            await Task.Delay(Interval);
        }

        return true;
    }

    private static void Rotate(string log)
    {
        if (File.Exists(log) && new FileInfo(log).Length > MaxLogBytes)
            File.Move(log, log + ".1", overwrite: true);
    }
}
