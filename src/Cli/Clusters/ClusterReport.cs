using Rag.Cli.Output;
using Rag.Cli.Composition;
using Rag.Hosting.Topology;

namespace Rag.Cli.Clusters;

/// <summary>How the nodes of a cluster are.</summary>
internal sealed class ClusterReport
{
    private readonly IReadOnlyList<(ClusterNode Node, string State, int Partitions)> _rows;

    private ClusterReport(IReadOnlyList<(ClusterNode, string, int)> rows) => _rows = rows;

    /// <summary>Whether all are ready.</summary>
    public bool IsReady => _rows.All(static row => row.State == NodeHealth.Ready);

    public static async Task<ClusterReport> AskAsync(ClusterFolder folder, ClusterState state, CancellationToken cancellationToken)
    {
        var topology = NewestTopology(folder, state);
        var states = await Task.WhenAll(state.Nodes.Select(node => NodeHealth.AskAsync(node, cancellationToken)));
        return new ClusterReport([.. state.Nodes.Select((node, i) => (node, states[i], PartitionsOf(topology, node)))]);
    }

    public void Write(TextWriter output)
    {
        foreach (var (node, state, partitions) in _rows)
        {
            output.WriteLine(
                $"{node.Name,-12} {state,-10} {node.Address,-26}"
                + (node.Kind == NodeKind.Shard ? $" {partitions} partitions" : "")
                + (node.Process?.IsAlive() == true ? $"  pid {node.Process.ProcessId}" : ""));
        }
    }

    public void WriteJson(TextWriter output) => JsonLines.Write(output, json =>
    {
        json.WriteStartArray("nodes");
        foreach (var (node, state, partitions) in _rows)
        {
            json.WriteStartObject();
            json.WriteString("name", node.Name);
            json.WriteString("kind", node.Kind);
            json.WriteString("address", node.Address);
            json.WriteString("state", state);
            json.WriteNumber("partitions", partitions);
            if (node.Process?.IsAlive() == true)
                json.WriteNumber("pid", node.Process.ProcessId);
            else
                json.WriteNull("pid");
            json.WriteEndObject();
        }

        json.WriteEndArray();
    });

    /// <summary>Replicas that a shard answers for.</summary>
    private static int PartitionsOf(ClusterTopology? topology, ClusterNode node) => topology is null || node.Kind != NodeKind.Shard
        ? 0
        : Enumerable.Range(0, topology.Partitions).Count(partition => topology.Holds(node.Name, partition));

    /// <summary>What the processes keep of it: there also while NATS is away.</summary>
    private static ClusterTopology? NewestTopology(ClusterFolder folder, ClusterState state)
    {
        ClusterTopology? newest = null;
        foreach (var name in state.Of(NodeKind.Shard).Select(static node => node.Name).Append(ClusterPlan.MetadataFolder))
        {
            try
            {
                var kept = ClusterTopology.Parse(File.ReadAllText(Path.Combine(folder.NodeFolder(name), TopologyParts.CopyName)));
                if (newest is null || kept.Version > newest.Version)
                    newest = kept;
            }
            catch (Exception absent) when (absent is IOException or UnauthorizedAccessException or InvalidTopologyException)
            {
                // Another one has it.
            }
        }

        return newest;
    }
}
