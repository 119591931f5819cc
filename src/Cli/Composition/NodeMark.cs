using System.Text.Json;
using System.Text.Json.Serialization;
using Rag.Hosting.Topology;

namespace Rag.Cli.Composition;

/// <summary>
/// Whose data lies in a folder: <c>node.json</c> of it, written at the first start and compared at every other one. A
/// shard that took the data of another one, or of another cluster, for its own would answer with what is not there.
/// </summary>
/// <param name="Cluster">Id of the cluster.</param>
/// <param name="Name">The shard's name; empty for routers and ingestors, which share a folder.</param>
internal sealed record NodeMark(
    [property: JsonPropertyName("cluster")] string Cluster, [property: JsonPropertyName("name")] string Name)
{
    private const string FileName = "node.json";

    /// <summary>Marks a folder, or finds that the mark is right. A topology without a cluster id marks by name only.</summary>
    /// <exception cref="CliException">The data is somebody else's.</exception>
    public static void Claim(DataFolder data, ClusterTopology topology, string name)
    {
        var path = Path.Combine(data.Path, FileName);
        var own = new NodeMark(topology.ClusterId, name);
        var known = Read(path);
        if (known is not null && known.Name != name)
            throw Refuse($"The data in {data.Path} belongs to {Kind(known.Name)}, not to {Kind(name)}");
        if (known is { Cluster.Length: > 0 } && own.Cluster.Length > 0 && known.Cluster != own.Cluster)
            throw Refuse($"The data in {data.Path} belongs to cluster {known.Cluster}, but the topology is of cluster {own.Cluster}");
        if (known is { Cluster.Length: > 0 } || own == known)
            return;
        try
        {
            Directory.CreateDirectory(data.Path);
            var temporary = $"{path}.{Environment.ProcessId}.new";
            File.WriteAllBytes(temporary, JsonSerializer.SerializeToUtf8Bytes(own));
            File.Move(temporary, path, overwrite: true);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new CliException($"The data folder {data.Path} cannot be written: {failure.Message}");
        }
    }

    private static NodeMark? Read(string path)
    {
        if (!File.Exists(path))
            return null;
        try
        {
            return JsonSerializer.Deserialize<NodeMark>(File.ReadAllBytes(path)) is { Cluster: not null, Name: not null } mark
                ? mark
                : throw new JsonException("it is empty.");
        }
        catch (Exception broken) when (broken is JsonException or IOException or UnauthorizedAccessException)
        {
            throw new CliException($"{path}, which says whose data this is, cannot be read: {broken.Message}", ExitCode.Misconfigured);
        }
    }

    private static string Kind(string name) => name.Length == 0 ? "a router" : $"shard {name}";

    private static CliException Refuse(string what) =>
        new($"{what}: check --data and the topology, or start with an empty folder.", ExitCode.Misconfigured);
}
