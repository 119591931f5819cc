using System.Text.Json;
using Rag.Cli.Composition;

namespace Rag.Cli.Clusters;

/// <summary>
/// The part of a data folder that a cluster on this machine lives in.
/// <code>
///   cluster/cluster.json   its nodes, how they are started, and which processes they are
///   cluster/lock           held by a command that changes it
///   cluster/nodes/NAME/    data and rag.json of a node; routers and ingestors share "metadata"
///   cluster/logs/NAME.log  what a node writes; .1 is the former one
/// </code>
/// </summary>
internal sealed class ClusterFolder(DataFolder data)
{
    private static readonly JsonSerializerOptions Json = new() { WriteIndented = true };

    public string Path { get; } = System.IO.Path.Combine(data.Path, "cluster");

    private string StateFile => System.IO.Path.Combine(Path, "cluster.json");

    public string NodeFolder(string name) => System.IO.Path.Combine(Path, "nodes", name);

    public string LogFile(string name) => System.IO.Path.Combine(Path, "logs", name + ".log");

    /// <summary>The cluster that lives here, up or down; null where none does.</summary>
    /// <exception cref="CliException">Its file cannot be read.</exception>
    public ClusterState? Read()
    {
        if (!File.Exists(StateFile))
            return null;
        try
        {
            return JsonSerializer.Deserialize<ClusterState>(File.ReadAllBytes(StateFile), Json);
        }
        catch (Exception broken) when (broken is JsonException or IOException or UnauthorizedAccessException)
        {
            throw new CliException($"{StateFile} cannot be read: {broken.Message}");
        }
    }

    /// <exception cref="CliException">There is no cluster.</exception>
    public ClusterState Require() => Read() ?? throw new CliException(
        $"There is no cluster in {Path}: 'rag cluster up' makes one, --data names another folder.");

    /// <summary>Where the cluster is called; null where there is none.</summary>
    /// <exception cref="CliException">There is one, but none of its routers runs.</exception>
    public string? FindRouter()
    {
        if (Read() is not { } state)
            return null;
        return state.Of(NodeKind.Router).FirstOrDefault(static node => node.Process?.IsAlive() == true)?.Address
            ?? throw new CliException(
                $"The cluster in {Path} has no router that runs: 'rag cluster up' starts it, 'rag cluster down --erase' removes it.");
    }

    /// <summary>Written in one step, readable by its owner only: it holds the token.</summary>
    public void Write(ClusterState state)
    {
        Directory.CreateDirectory(Path);
        var temporary = StateFile + ".new";
        WriteSecret(temporary, JsonSerializer.SerializeToUtf8Bytes(state, Json));
        File.Move(temporary, StateFile, overwrite: true);
    }

    /// <summary>Takes the folder for a command that changes the cluster.</summary>
    /// <exception cref="CliException">Another command has it.</exception>
    public IDisposable Lock()
    {
        try
        {
            Directory.CreateDirectory(Path);
            return new FileStream(
                System.IO.Path.Combine(Path, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (Exception busy) when (busy is IOException or UnauthorizedAccessException)
        {
            throw new CliException($"Another command works on the cluster in {Path} ({busy.Message}): wait for it.");
        }
    }

    /// <summary>Writes a file that only its owner may read.</summary>
    public static void WriteSecret(string path, byte[] content)
    {
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using var file = new FileStream(path, options);
        file.Write(content);
        file.Flush(flushToDisk: true);
    }
}
