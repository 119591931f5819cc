using System.Collections.Immutable;
using System.Globalization;
using System.Text;

namespace Rag.Hosting.Topology;

/// <summary>
/// A placement in words: ranges of partitions (<c>0-3,7</c>) with the names of the shards that hold their replicas, each
/// with its state where that is not ready (<c>shard-2:joining</c>).
/// </summary>
internal static class PlacementText
{
    private const char StateMark = ':';

    /// <summary>Partitions with the same replicas share an entry.</summary>
    public static Dictionary<string, string[]> Write(ClusterTopology topology)
    {
        var groups = new Dictionary<string, (string[] Names, List<int> Partitions)>(StringComparer.Ordinal);
        for (var partition = 0; partition < topology.Partitions; partition++)
        {
            string[] names = [.. topology.ReplicasOf(partition).Select(Name)];
            var key = string.Join(' ', names);
            if (!groups.TryGetValue(key, out var group))
                groups.Add(key, group = (names, []));
            group.Partitions.Add(partition);
        }

        return groups.Values.ToDictionary(static group => Ranges(group.Partitions), static group => group.Names);
    }

    /// <summary>The replicas of each partition; faults are added, and a partition that is not named has none.</summary>
    public static ImmutableArray<Replica>[] Read(
        Dictionary<string, string[]> placement, int partitions, ImmutableArray<ShardNode> shards, List<string> faults)
    {
        var byName = shards.DistinctBy(shard => shard.Name).ToDictionary(shard => shard.Name, StringComparer.Ordinal);
        var owners = new ImmutableArray<Replica>[partitions];
        foreach (var (ranges, names) in placement)
        {
            var replicas = ReadReplicas(ranges, names, byName, faults);
            foreach (var range in ranges.Split(','))
            {
                if (!TryReadRange(range, partitions, out var first, out var last))
                    faults.Add($"placement '{range}' must be a partition or a range such as 0-63, below {partitions}");
                else
                    Assign(owners, first, last, replicas, faults);
            }
        }

        return owners;
    }

    private static ImmutableArray<Replica> ReadReplicas(
        string ranges, string[] names, Dictionary<string, ShardNode> shards, List<string> faults)
    {
        var replicas = ImmutableArray.CreateBuilder<Replica>(names.Length);
        foreach (var text in names)
        {
            var mark = text.IndexOf(StateMark, StringComparison.Ordinal);
            var name = mark < 0 ? text : text[..mark];
            if (!TryReadState(mark < 0 ? "ready" : text[(mark + 1)..], out var state))
                faults.Add($"placement '{ranges}': the state of '{text}' must be joining, ready or leaving");
            else if (!shards.TryGetValue(name, out var shard))
                faults.Add($"placement '{ranges}' names {name}, which is not among the shards");
            else
                replicas.Add(new Replica(shard, state));
        }

        return replicas.ToImmutable();
    }

    private static void Assign(
        ImmutableArray<Replica>[] owners, int first, int last, ImmutableArray<Replica> replicas, List<string> faults)
    {
        for (var partition = first; partition <= last; partition++)
        {
            if (!owners[partition].IsDefault)
            {
                faults.Add($"placement gives partition {partition} to both {Names(owners[partition])} and {Names(replicas)}");
                return;
            }

            owners[partition] = replicas;
        }
    }

    private static bool TryReadRange(string range, int partitions, out int first, out int last)
    {
        var dash = range.IndexOf('-', StringComparison.Ordinal);
        var from = dash < 0 ? range : range[..dash];
        var to = dash < 0 ? range : range[(dash + 1)..];
        last = 0;
        return int.TryParse(from.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out first)
            && int.TryParse(to.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out last)
            && first <= last && last < partitions;
    }

    private static bool TryReadState(string text, out ReplicaState state)
    {
        (var known, state) = text switch
        {
            "joining" => (true, ReplicaState.Joining),
            "ready" => (true, ReplicaState.Ready),
            "leaving" => (true, ReplicaState.Leaving),
            _ => (false, default),
        };
        return known;
    }

    private static string Name(Replica replica) => replica.State switch
    {
        ReplicaState.Joining => replica.Shard.Name + ":joining",
        ReplicaState.Leaving => replica.Shard.Name + ":leaving",
        _ => replica.Shard.Name,
    };

    private static string Names(ImmutableArray<Replica> replicas) => string.Join(" and ", replicas.Select(Name));

    /// <summary>Ascending partitions as ranges: 0-3,7.</summary>
    private static string Ranges(List<int> partitions)
    {
        var text = new StringBuilder();
        for (var i = 0; i < partitions.Count; i++)
        {
            var first = partitions[i];
            while (i + 1 < partitions.Count && partitions[i + 1] == partitions[i] + 1)
                i++;
            text.Append(text.Length == 0 ? "" : ",").Append(CultureInfo.InvariantCulture, $"{first}");
            if (partitions[i] > first)
                text.Append(CultureInfo.InvariantCulture, $"-{partitions[i]}");
        }

        return text.ToString();
    }
}
