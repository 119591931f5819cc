using System.Text.Json.Serialization;

namespace NATS.Client.JetStream.Models;

/// <summary>A consumer as the server knows it.</summary>
public sealed record ConsumerInfo
{
    /// <summary>Its stream.</summary>
    [JsonPropertyName("stream_name")]
    public string StreamName { get; set; } = "";

    /// <summary>Its name.</summary>
    [JsonPropertyName("name")]
    public string Name { get; set; } = "";

    /// <summary>When it was made.</summary>
    [JsonPropertyName("created")]
    public DateTimeOffset Created { get; set; }

    /// <summary>Its configuration, defaults filled in.</summary>
    [JsonPropertyName("config")]
    public ConsumerConfig Config { get; set; } = new();

    /// <summary>The last message handed out.</summary>
    [JsonPropertyName("delivered")]
    public SequenceInfo Delivered { get; set; } = new();

    /// <summary>All up to here is acknowledged.</summary>
    [JsonPropertyName("ack_floor")]
    public SequenceInfo AckFloor { get; set; } = new();

    /// <summary>Handed out and not acknowledged.</summary>
    [JsonPropertyName("num_ack_pending")]
    public long NumAckPending { get; set; }

    /// <summary>Handed out more than once and not acknowledged.</summary>
    [JsonPropertyName("num_redelivered")]
    public long NumRedelivered { get; set; }

    /// <summary>Pull requests that wait.</summary>
    [JsonPropertyName("num_waiting")]
    public long NumWaiting { get; set; }

    /// <summary>Messages not handed out yet.</summary>
    [JsonPropertyName("num_pending")]
    public ulong NumPending { get; set; }

    /// <summary>Where its state lies, in a cluster.</summary>
    [JsonPropertyName("cluster")]
    public ClusterInfo? Cluster { get; set; }
}

/// <summary>A place in a stream, and in what a consumer has handed out.</summary>
public sealed record SequenceInfo
{
    /// <summary>Deliveries so far.</summary>
    [JsonPropertyName("consumer_seq")]
    public ulong ConsumerSeq { get; set; }

    /// <summary>Sequence in the stream.</summary>
    [JsonPropertyName("stream_seq")]
    public ulong StreamSeq { get; set; }
}
