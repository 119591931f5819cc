using System.Text.Json;
using System.Text.Json.Serialization;

namespace NATS.Client.JetStream.Models;

/// <summary>How a stream keeps messages. 0 and null leave the server's default. What a newer server adds is carried
/// along.</summary>
public sealed record StreamConfig
{
    /// <summary>Nothing set yet.</summary>
    public StreamConfig()
    {
    }

    /// <summary>A stream of subjects.</summary>
    public StreamConfig(string name, ICollection<string> subjects)
    {
        Name = name;
        Subjects = subjects;
    }

    /// <summary>Name: no white space, dots, wildcards or path separators.</summary>
    [JsonPropertyName("name")]
    public string? Name { get; set; }

    /// <summary>Text for people.</summary>
    [JsonPropertyName("description")]
    public string? Description { get; set; }

    /// <summary>Subjects that it keeps; wildcards allowed. The name where null.</summary>
    [JsonPropertyName("subjects")]
    public ICollection<string>? Subjects { get; set; }

    /// <summary>When messages go (Limits).</summary>
    [JsonPropertyName("retention")]
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public StreamConfigRetention Retention { get; set; }

    /// <summary>Where messages lie (File).</summary>
    [JsonPropertyName("storage")]
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public StreamConfigStorage Storage { get; set; }

    /// <summary>What goes when a limit is reached (Old).</summary>
    [JsonPropertyName("discard")]
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public StreamConfigDiscard Discard { get; set; }

    /// <summary>With Discard New: whether <see cref="MaxMsgsPerSubject"/> refuses too.</summary>
    [JsonPropertyName("discard_new_per_subject")]
    public bool DiscardNewPerSubject { get; set; }

    /// <summary>Most consumers (−1: any number).</summary>
    [JsonPropertyName("max_consumers")]
    public int MaxConsumers { get; set; }

    /// <summary>Most messages (−1: any number).</summary>
    [JsonPropertyName("max_msgs")]
    public long MaxMsgs { get; set; }

    /// <summary>Most messages of one subject (−1: any number).</summary>
    [JsonPropertyName("max_msgs_per_subject")]
    public long MaxMsgsPerSubject { get; set; }

    /// <summary>Most bytes (−1: any number).</summary>
    [JsonPropertyName("max_bytes")]
    public long MaxBytes { get; set; }

    /// <summary>Most bytes of one message (−1: the server's).</summary>
    [JsonPropertyName("max_msg_size")]
    public int MaxMsgSize { get; set; }

    /// <summary>How long messages are kept (zero: for ever).</summary>
    [JsonPropertyName("max_age")]
    public TimeSpan MaxAge { get; set; }

    /// <summary>How long a Nats-Msg-Id is remembered (2 minutes).</summary>
    [JsonPropertyName("duplicate_window")]
    public TimeSpan DuplicateWindow { get; set; }

    /// <summary>Copies in a cluster, 1 to 5 (1).</summary>
    [JsonPropertyName("num_replicas")]
    public int NumReplicas { get; set; }

    /// <summary>Whether publishes are not confirmed.</summary>
    [JsonPropertyName("no_ack")]
    public bool NoAck { get; set; }

    /// <summary>Where in a cluster it may lie.</summary>
    [JsonPropertyName("placement")]
    public Placement? Placement { get; set; }

    /// <summary>Closed for good: it can be read only.</summary>
    [JsonPropertyName("sealed")]
    public bool Sealed { get; set; }

    /// <summary>Messages cannot be deleted one by one.</summary>
    [JsonPropertyName("deny_delete")]
    public bool DenyDelete { get; set; }

    /// <summary>It cannot be purged.</summary>
    [JsonPropertyName("deny_purge")]
    public bool DenyPurge { get; set; }

    /// <summary>A message with Nats-Rollup may take the place of all earlier ones.</summary>
    [JsonPropertyName("allow_rollup_hdrs")]
    public bool AllowRollupHdrs { get; set; }

    /// <summary>Replicas answer reads themselves: faster, and possibly a moment behind.</summary>
    [JsonPropertyName("allow_direct")]
    public bool AllowDirect { get; set; }

    /// <summary>What this client has no property for.</summary>
    [JsonInclude]
    [JsonExtensionData]
    internal Dictionary<string, JsonElement>? Others { get; set; }
}

/// <summary>When messages of a stream go.</summary>
public enum StreamConfigRetention
{
    /// <summary>When a limit is reached.</summary>
    [JsonStringEnumMemberName("limits")]
    Limits,

    /// <summary>When all consumers have acknowledged.</summary>
    [JsonStringEnumMemberName("interest")]
    Interest,

    /// <summary>When one consumer has acknowledged.</summary>
    [JsonStringEnumMemberName("workqueue")]
    Workqueue,
}

/// <summary>Where messages lie.</summary>
public enum StreamConfigStorage
{
    /// <summary>On disk.</summary>
    [JsonStringEnumMemberName("file")]
    File,

    /// <summary>In memory.</summary>
    [JsonStringEnumMemberName("memory")]
    Memory,
}

/// <summary>What goes when a limit is reached.</summary>
public enum StreamConfigDiscard
{
    /// <summary>The oldest messages.</summary>
    [JsonStringEnumMemberName("old")]
    Old,

    /// <summary>New ones are refused.</summary>
    [JsonStringEnumMemberName("new")]
    New,
}

/// <summary>Where in a cluster something may lie.</summary>
public sealed record Placement
{
    /// <summary>Name of the cluster.</summary>
    [JsonPropertyName("cluster")]
    public string? Cluster { get; set; }

    /// <summary>Tags that a server must have.</summary>
    [JsonPropertyName("tags")]
    public ICollection<string>? Tags { get; set; }
}
