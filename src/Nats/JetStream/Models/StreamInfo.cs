using System.Text.Json.Serialization;

namespace NATS.Client.JetStream.Models;

/// <summary>A stream as the server knows it.</summary>
public sealed record StreamInfo
{
    /// <summary>Its configuration, defaults filled in.</summary>
    [JsonPropertyName("config")]
    public StreamConfig Config { get; set; } = new();

    /// <summary>When it was made.</summary>
    [JsonPropertyName("created")]
    public DateTimeOffset Created { get; set; }

    /// <summary>What it holds.</summary>
    [JsonPropertyName("state")]
    public StreamState State { get; set; } = new();

    /// <summary>Where it lies, in a cluster.</summary>
    [JsonPropertyName("cluster")]
    public ClusterInfo? Cluster { get; set; }
}

/// <summary>What a stream holds.</summary>
public sealed record StreamState
{
    /// <summary>Messages.</summary>
    [JsonPropertyName("messages")]
    public long Messages { get; set; }

    /// <summary>Bytes on disk or in memory.</summary>
    [JsonPropertyName("bytes")]
    public long Bytes { get; set; }

    /// <summary>Sequence of the oldest message.</summary>
    [JsonPropertyName("first_seq")]
    public ulong FirstSeq { get; set; }

    /// <summary>When it came.</summary>
    [JsonPropertyName("first_ts")]
    public DateTimeOffset FirstTs { get; set; }

    /// <summary>Sequence of the newest message that ever came.</summary>
    [JsonPropertyName("last_seq")]
    public ulong LastSeq { get; set; }

    /// <summary>When it came.</summary>
    [JsonPropertyName("last_ts")]
    public DateTimeOffset LastTs { get; set; }

    /// <summary>Consumers.</summary>
    [JsonPropertyName("consumer_count")]
    public int ConsumerCount { get; set; }

    /// <summary>Subjects that have messages.</summary>
    [JsonPropertyName("num_subjects")]
    public long NumSubjects { get; set; }

    /// <summary>Messages deleted between the first and the last.</summary>
    [JsonPropertyName("num_deleted")]
    public long NumDeleted { get; set; }

    /// <summary>Messages by subject, where a filter asked for it.</summary>
    [JsonPropertyName("subjects")]
    public Dictionary<string, long>? Subjects { get; set; }
}

/// <summary>Where something lies in a cluster.</summary>
public sealed record ClusterInfo
{
    /// <summary>Name of the cluster.</summary>
    [JsonPropertyName("name")]
    public string? Name { get; set; }

    /// <summary>Server that leads; null while there is none.</summary>
    [JsonPropertyName("leader")]
    public string? Leader { get; set; }

    /// <summary>The other servers.</summary>
    [JsonPropertyName("replicas")]
    public ICollection<PeerInfo>? Replicas { get; set; }
}

/// <summary>A server that follows.</summary>
public sealed record PeerInfo
{
    /// <summary>Its name.</summary>
    [JsonPropertyName("name")]
    public string Name { get; set; } = "";

    /// <summary>Whether it has everything.</summary>
    [JsonPropertyName("current")]
    public bool Current { get; set; }

    /// <summary>Whether it is away.</summary>
    [JsonPropertyName("offline")]
    public bool Offline { get; set; }

    /// <summary>Since when nothing was heard of it.</summary>
    [JsonPropertyName("active")]
    public TimeSpan Active { get; set; }

    /// <summary>Operations that it lacks.</summary>
    [JsonPropertyName("lag")]
    public ulong Lag { get; set; }
}
