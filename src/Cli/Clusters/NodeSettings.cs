using System.Text.Json;
using System.Text.Json.Nodes;
using Rag.Cli.Composition;

namespace Rag.Cli.Clusters;

/// <summary>Settings of nodes: the <c>rag.json</c> of the data folder, where NATS and PostgreSQL are, and an environment.</summary>
internal static class NodeSettings
{
    private static readonly JsonSerializerOptions Json = new() { WriteIndented = true };

    /// <exception cref="CliException">The data folder's file cannot be read.</exception>
    public static void Write(DataFolder data, ClusterFolder folder, ClusterState state, ClusterNode node)
    {
        var target = folder.NodeFolder(node.Kind == NodeKind.Shard ? node.Name : ClusterPlan.MetadataFolder);
        var settings = Read(Path.Combine(data.Path, Settings.FileName));
        var nats = NatsNodes.Options(state);
        settings["Nats"] = new JsonObject
        {
            ["Urls"] = new JsonArray([.. nats.Urls.Select(static url => (JsonNode)url)]),
            ["Token"] = nats.Token,
        };
        if (node.Kind != NodeKind.Shard && state.PostgresPrimary is not null)
        {
            if (settings["Metadata"] is not JsonObject metadata)
                settings["Metadata"] = metadata = [];
            metadata["ConnectionString"] = PostgresNodes.ConnectionString(state);
        }

        Directory.CreateDirectory(target);
        ClusterFolder.WriteSecret(Path.Combine(target, Settings.FileName), JsonSerializer.SerializeToUtf8Bytes(settings, Json));
    }

    /// <summary>
    /// What nodes that share a <c>rag.json</c> do not share: an ingestor that is started again under its name takes over at
    /// once what it held when it was killed.
    /// </summary>
    public static IReadOnlyDictionary<string, string> Environment(ClusterNode node) => node.Kind == NodeKind.Ingestor
        ? new Dictionary<string, string> { ["RAG_Ingestor__WorkerName"] = node.Name }
        : new Dictionary<string, string>();

    private static JsonObject Read(string file)
    {
        if (!File.Exists(file))
            return [];
        try
        {
            var options = new JsonDocumentOptions { AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip };
            return JsonNode.Parse(File.ReadAllText(file), documentOptions: options)?.AsObject() ?? [];
        }
        catch (Exception broken) when (broken is JsonException or InvalidOperationException or IOException)
        {
            throw new CliException($"{file} cannot be read: {broken.Message}");
        }
    }
}
