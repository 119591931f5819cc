using System.Globalization;
using System.Text.Json;
using Rag.Cli.Output;
using Rag.Hosting.Topology;
using Rag.Hosting.Topology.Moving;

namespace Rag.Cli.Topologies;

/// <summary>Prints topologies and plans, for people and as JSON.</summary>
internal static class TopologyReport
{
    private const int MaxListed = 40;

    public static void Write(TextWriter output, ClusterTopology topology)
    {
        var moves = Rebalance.MovesOf(topology).Count;
        output.WriteLine(
            $"Topology version {topology.Version}{(topology.ClusterId.Length == 0 ? "" : $" of cluster {topology.ClusterId}")}: "
            + $"{topology.Partitions} partitions, {Count(topology.ReplicationFactor, "replica", "replicas")} each; "
            + (Rebalance.IsSettled(topology) ? "settled" : moves == 0 ? "replaced replicas leave" : $"{Count(moves, "copy", "copies")} to make"));
        foreach (var shard in topology.Shards)
        {
            var (ready, joining, leaving) = CountReplicas(topology, shard.Name);
            output.WriteLine(
                $"  {shard.Name,-12} {shard.Address.OriginalString,-28} weight {shard.Weight.ToString(CultureInfo.InvariantCulture)}"
                + $"  {ready} ready" + (joining > 0 ? $", {joining} joining" : "") + (leaving > 0 ? $", {leaving} leaving" : "")
                + (shard.IsLeaving ? "  (is being removed)" : shard.Weight == 0 ? "  (drained)" : ""));
        }
    }

    public static void WriteJson(TextWriter output, ClusterTopology topology) => JsonLines.Write(output, json =>
    {
        json.WriteNumber("version", topology.Version);
        json.WriteString("cluster", topology.ClusterId);
        json.WriteNumber("partitions", topology.Partitions);
        json.WriteNumber("replication_factor", topology.ReplicationFactor);
        json.WriteBoolean("settled", Rebalance.IsSettled(topology));
        json.WriteNumber("moves", Rebalance.MovesOf(topology).Count);
        json.WriteStartArray("shards");
        foreach (var shard in topology.Shards)
        {
            var (ready, joining, leaving) = CountReplicas(topology, shard.Name);
            json.WriteStartObject();
            json.WriteString("name", shard.Name);
            json.WriteString("address", shard.Address.OriginalString);
            json.WriteNumber("weight", shard.Weight);
            json.WriteBoolean("is_leaving", shard.IsLeaving);
            json.WriteNumber("ready", ready);
            json.WriteNumber("joining", joining);
            json.WriteNumber("leaving", leaving);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        // As the topology's own JSON has it.
        using var document = JsonDocument.Parse(topology.ToJson());
        json.WritePropertyName("placement");
        document.RootElement.GetProperty("placement").WriteTo(json);
    });

    public static void WritePlan(TextWriter output, ClusterTopology topology, PartitionSizes sizes)
    {
        var moves = Rebalance.MovesOf(topology);
        if (moves.Count == 0)
        {
            output.WriteLine($"Nothing moves: version {topology.Version} has every replica where it should be.");
            return;
        }

        var replicas = Enumerable.Range(0, topology.Partitions).Sum(partition => topology.TargetOf(partition).Length);
        var bytes = ByteCount.Format(moves.Sum(move => sizes.Of(move.Partition)));
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{Count(moves.Count, "copy", "copies")} to make, {100.0 * moves.Count / replicas:0.#} % of {replicas} replicas, about {bytes}:"));
        foreach (var shard in moves.GroupBy(static move => move.To).OrderBy(static group => group.Key, StringComparer.Ordinal))
        {
            var share = ByteCount.Format(shard.Sum(move => sizes.Of(move.Partition)));
            output.WriteLine($"  {shard.Key} gets {Count(shard.Count(), "partition", "partitions")}, about {share}");
        }

        foreach (var move in moves.Take(MaxListed))
        {
            output.WriteLine(
                $"  partition {move.Partition}: {move.Source} → {move.To}"
                + (move.Replaces is null ? ", one replica more" : $", in place of {move.Replaces}") + $", {ByteCount.Format(sizes.Of(move.Partition))}");
        }

        if (moves.Count > MaxListed)
            output.WriteLine($"  and {moves.Count - MaxListed} more (--json lists all)");
        if (sizes.Silent.Count > 0)
            output.WriteLine($"  Sizes are without what {string.Join(", ", sizes.Silent)} holds alone: no answer.");
    }

    public static void WritePlanJson(TextWriter output, ClusterTopology topology, PartitionSizes sizes) =>
        JsonLines.Write(output, json =>
        {
            var moves = Rebalance.MovesOf(topology);
            json.WriteNumber("version", topology.Version);
            json.WriteNumber("copies", moves.Count);
            json.WriteNumber("bytes", moves.Sum(move => sizes.Of(move.Partition)));
            json.WriteStartArray("moves");
            foreach (var move in moves)
            {
                json.WriteStartObject();
                json.WriteNumber("partition", move.Partition);
                json.WriteString("source", move.Source);
                json.WriteString("to", move.To);
                json.WriteString("replaces", move.Replaces);
                json.WriteNumber("bytes", sizes.Of(move.Partition));
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteStartArray("silent");
            foreach (var name in sizes.Silent)
                json.WriteStringValue(name);
            json.WriteEndArray();
        });

    private static (int Ready, int Joining, int Leaving) CountReplicas(ClusterTopology topology, string name)
    {
        var counts = new int[3];
        for (var partition = 0; partition < topology.Partitions; partition++)
        {
            if (topology.FindReplica(name, partition) is { } replica)
                counts[(int)replica.State]++;
        }

        return (counts[(int)ReplicaState.Ready], counts[(int)ReplicaState.Joining], counts[(int)ReplicaState.Leaving]);
    }

    private static string Count(int number, string one, string many) => $"{number} {(number == 1 ? one : many)}";
}
