using System.Diagnostics;

namespace Rag.Cli.Composition;

/// <summary>
/// The folder that holds everything an engine keeps. One process at a time has it open, and says in a file in it where
/// it can be called.
/// <code>
///   lock           held open exclusively as long as the engine runs
///   instance.json  address and process id of the engine that serves it
///   shard/         logs and snapshots      metadata.db, blobs.db  workspaces, documents, jobs
/// </code>
/// </summary>
internal sealed class DataFolder(string path)
{
    public const string Variable = "RAG_DATA";

    public string Path { get; } = System.IO.Path.GetFullPath(path);

    /// <summary>
    /// The folder named on the command line, else by RAG_DATA, else <c>.rag/data</c> of the checkout that this program
    /// was built in, else <c>rag</c> among the user's application data.
    /// </summary>
    public static DataFolder Resolve(string? named)
    {
        if (!string.IsNullOrEmpty(named))
            return new DataFolder(named);
        var variable = Environment.GetEnvironmentVariable(Variable);
        if (!string.IsNullOrEmpty(variable))
            return new DataFolder(variable);
        return new DataFolder(Checkout.Folder is { } checkout && IsWritable(checkout)
            ? System.IO.Path.Combine(checkout, ".rag", "data")
            : System.IO.Path.Combine(
                Environment.GetFolderPath(
                    Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify),
                "rag"));
    }

    /// <summary>Takes the folder for this process.</summary>
    /// <param name="patience">How long to wait for another process to let go.</param>
    /// <exception cref="CliException">Another process still has it, or it cannot be written.</exception>
    public async Task<IDisposable> LockAsync(TimeSpan patience, CancellationToken cancellationToken)
    {
        var watch = Stopwatch.StartNew();
        while (true)
        {
            try
            {
                Directory.CreateDirectory(Path);
                return new FileStream(
                    System.IO.Path.Combine(Path, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (UnauthorizedAccessException denied)
            {
                throw new CliException($"The data folder {Path} cannot be written: {denied.Message} Choose one with --data.");
            }
            catch (IOException busy)
            {
                if (watch.Elapsed >= patience)
                {
                    throw new CliException(
                        $"The data folder {Path} is in use by another process ({busy.Message}). Wait for it, call it with "
                        + "--address, or choose another folder with --data.");
                }
            }

            await Task.Delay(50, cancellationToken);
        }
    }

    private static bool IsWritable(string folder)
    {
        try
        {
            Directory.CreateDirectory(System.IO.Path.Combine(folder, ".rag"));
            var probe = System.IO.Path.Combine(folder, ".rag", $".probe-{Environment.ProcessId}");
            File.WriteAllBytes(probe, []);
            File.Delete(probe);
            return true;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
