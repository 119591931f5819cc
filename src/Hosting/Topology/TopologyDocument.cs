using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Rag.Hosting.Topology;

/// <summary>
/// The topology as a JSON file:
/// <code>
/// {
///   "version": 1,
///   "partitions": 256,
///   "shards": [ { "name": "shard-0", "address": "http://127.0.0.1:7101", "weight": 1 } ],
///   "placement": { "0-127": "shard-0", "128-255": "shard-1" }
/// }
/// </code>
/// Without a placement, rendezvous hashing makes one; a placement given names every partition exactly once.
/// </summary>
internal sealed record TopologyDocument
{
    private const int MaxShards = 4096;

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        ReadCommentHandling = JsonCommentHandling.Skip,
        AllowTrailingCommas = true,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        MaxDepth = 8,
    };

    public long Version { get; init; }

    public int Partitions { get; init; } = ClusterTopology.DefaultPartitions;

    public List<Shard> Shards { get; init; } = [];

    public Dictionary<string, string>? Placement { get; init; }

    /// <summary>Reads and checks a topology; the exception names every fault found, not only the first.</summary>
    /// <exception cref="InvalidTopologyException">It is not JSON of this form, or contradicts itself.</exception>
    public static ClusterTopology Parse(string json)
    {
        TopologyDocument? document;
        try
        {
            document = JsonSerializer.Deserialize<TopologyDocument>(json, Json);
        }
        catch (JsonException fault)
        {
            throw new InvalidTopologyException($"The topology is not valid JSON: {fault.Message}", fault);
        }

        return (document ?? throw new InvalidTopologyException("The topology is empty.")).Build();
    }

    private ClusterTopology Build()
    {
        var faults = new List<string>();
        if (Version < 1)
            faults.Add("version must be at least 1");
        if (Partitions is < 1 or > ClusterTopology.MaxPartitions || (Partitions & (Partitions - 1)) != 0)
            faults.Add($"partitions must be a power of two from 1 to {ClusterTopology.MaxPartitions}");
        var shards = ReadShards(faults);
        ThrowIfAny(faults);
        if (Placement is null)
            return ClusterTopology.Balanced(Version, Partitions, shards);
        var owners = ReadPlacement(shards, faults);
        ThrowIfAny(faults);
        return new ClusterTopology(Version, shards, [.. owners!]);
    }

    private ImmutableArray<ShardNode> ReadShards(List<string> faults)
    {
        if (Shards.Count is 0 or > MaxShards)
            faults.Add($"shards must name 1 to {MaxShards} shards");
        var nodes = ImmutableArray.CreateBuilder<ShardNode>(Shards.Count);
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var shard in Shards)
        {
            if (!IsName(shard.Name))
                faults.Add($"shard name '{shard.Name}' must be 1 to 64 letters, digits, '-', '_' or '.'");
            else if (!names.Add(shard.Name))
                faults.Add($"shard {shard.Name} is named twice");
            if (!Uri.TryCreate(shard.Address, UriKind.Absolute, out var address)
                || (address.Scheme != Uri.UriSchemeHttp && address.Scheme != Uri.UriSchemeHttps))
                faults.Add($"shard {shard.Name}: address '{shard.Address}' must be an http:// or https:// address");
            else if (shard.Weight is not (> 0 and <= 1e6))
                faults.Add($"shard {shard.Name}: weight must be above 0 and at most 1,000,000");
            else
                nodes.Add(new ShardNode(shard.Name, address, shard.Weight));
        }

        return nodes.ToImmutable();
    }

    private ShardNode[] ReadPlacement(ImmutableArray<ShardNode> shards, List<string> faults)
    {
        var owners = new ShardNode[Partitions];
        foreach (var (range, name) in Placement!)
        {
            var shard = shards.FirstOrDefault(node => node.Name == name);
            if (shard is null)
                faults.Add($"placement '{range}' names {name}, which is not among the shards");
            else if (!TryReadRange(range, out var first, out var last))
                faults.Add($"placement '{range}' must be a partition or a range such as 0-63, below {Partitions}");
            else
                Assign(owners, first, last, shard, faults);
        }

        var missing = Array.FindIndex(owners, owner => owner is null);
        if (missing >= 0 && faults.Count == 0)
            faults.Add($"placement gives partition {missing} to no shard");
        return owners;
    }

    private static void Assign(ShardNode[] owners, int first, int last, ShardNode shard, List<string> faults)
    {
        for (var partition = first; partition <= last; partition++)
        {
            if (owners[partition] is { } other)
            {
                faults.Add($"placement gives partition {partition} to both {other.Name} and {shard.Name}");
                return;
            }

            owners[partition] = shard;
        }
    }

    private bool TryReadRange(string range, out int first, out int last)
    {
        var dash = range.IndexOf('-', StringComparison.Ordinal);
        var from = dash < 0 ? range : range[..dash];
        var to = dash < 0 ? range : range[(dash + 1)..];
        last = 0;
        return int.TryParse(from, NumberStyles.None, CultureInfo.InvariantCulture, out first)
            && int.TryParse(to, NumberStyles.None, CultureInfo.InvariantCulture, out last)
            && first <= last && last < Partitions;
    }

    private static bool IsName(string? name) => name is { Length: >= 1 and <= 64 }
        && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.');

    private static void ThrowIfAny(List<string> faults)
    {
        if (faults.Count > 0)
            throw new InvalidTopologyException("The topology is not usable: " + string.Join("; ", faults) + ".");
    }

    internal sealed record Shard(string Name, string Address, double Weight = 1);
}
