using System.Collections.Immutable;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Rag.Hosting.Topology;

/// <summary>
/// The topology as JSON:
/// <code>
/// {
///   "version": 7,
///   "cluster": "0198f2c0-…",               tells its data from another cluster's; may be left out
///   "partitions": 256,
///   "replicationFactor": 2,                 1 unless said otherwise
///   "shards": [ { "name": "shard-0", "address": "http://127.0.0.1:7101", "weight": 1 }, … ],
///   "placement": {
///     "0-127": "shard-0",
///     "128,130-255": ["shard-1", "shard-0:leaving"],
///     "129": ["shard-0", "shard-2:joining"]
///   }
/// }
/// </code>
/// A replica without a state is ready. Without a placement, rendezvous hashing makes one; a placement given names every
/// partition exactly once.
/// </summary>
internal sealed record TopologyDocument
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        ReadCommentHandling = JsonCommentHandling.Skip,
        AllowTrailingCommas = true,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        MaxDepth = 8,
    };

    public long Version { get; init; }

    public string? Cluster { get; init; }

    public int Partitions { get; init; } = ClusterTopology.DefaultPartitions;

    public int ReplicationFactor { get; init; } = 1;

    public List<Shard> Shards { get; init; } = [];

    [JsonConverter(typeof(ReplicaNamesConverter))]
    public Dictionary<string, string[]>? Placement { get; init; }

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

    public static TopologyDocument Of(ClusterTopology topology) => new()
    {
        Version = topology.Version,
        Cluster = topology.ClusterId.Length == 0 ? null : topology.ClusterId,
        Partitions = topology.Partitions,
        ReplicationFactor = topology.ReplicationFactor,
        Shards = [.. topology.Shards.Select(Shard.Of)],
        Placement = PlacementText.Write(topology),
    };

    public string ToJson() => JsonSerializer.Serialize(this, Json);

    private ClusterTopology Build()
    {
        var faults = new List<string>();
        var shards = ReadShards(faults);
        // Where the shards or the number of partitions are wrong, what is said of them cannot be read.
        var replicas = Placement is null || faults.Count > 0 || Partitions is < 1 or > ClusterTopology.MaxPartitions
            ? null
            : PlacementText.Read(Placement, Partitions, shards, faults);
        return TopologyRules.Build(Cluster ?? "", Version, Partitions, ReplicationFactor, shards, replicas, faults);
    }

    private ImmutableArray<ShardNode> ReadShards(List<string> faults)
    {
        var nodes = ImmutableArray.CreateBuilder<ShardNode>(Shards.Count);
        foreach (var shard in Shards)
        {
            if (!Uri.TryCreate(shard.Address, UriKind.Absolute, out var address)
                || (address.Scheme != Uri.UriSchemeHttp && address.Scheme != Uri.UriSchemeHttps))
            {
                faults.Add($"shard {shard.Name}: address '{shard.Address}' must be an http:// or https:// address");
                continue;
            }

            nodes.Add(new ShardNode(shard.Name, address, shard.Weight, shard.Leaving));
        }

        return nodes.ToImmutable();
    }

    internal sealed record Shard(
        string Name, string Address, [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] double Weight = 1, bool Leaving = false)
    {
        public static Shard Of(ShardNode node) =>
            new(node.Name, node.Address.OriginalString, node.Weight, node.IsLeaving);
    }
}
