using System.Text.Json;
using System.Text.Json.Serialization;

namespace NATS.Client.JetStream.Models;

/// <summary>How a consumer hands out the messages of a stream. 0 and null leave the server's default.</summary>
public sealed record ConsumerConfig
{
    /// <summary>One that goes when it is not used (see <see cref="InactiveThreshold"/>).</summary>
    public ConsumerConfig()
    {
    }

    /// <summary>One that stays: durable.</summary>
    public ConsumerConfig(string name)
    {
        Name = name;
        DurableName = name;
    }

    /// <summary>Name; made up where null.</summary>
    [JsonPropertyName("name")]
    public string? Name { get; set; }

    /// <summary>Name of one that stays.</summary>
    [JsonPropertyName("durable_name")]
    public string? DurableName { get; set; }

    /// <summary>Text for people.</summary>
    [JsonPropertyName("description")]
    public string? Description { get; set; }

    /// <summary>Where it begins (All).</summary>
    [JsonPropertyName("deliver_policy")]
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public ConsumerConfigDeliverPolicy DeliverPolicy { get; set; }

    /// <summary>With ByStartSequence.</summary>
    [JsonPropertyName("opt_start_seq")]
    public ulong OptStartSeq { get; set; }

    /// <summary>With ByStartTime.</summary>
    [JsonPropertyName("opt_start_time")]
    public DateTimeOffset? OptStartTime { get; set; }

    /// <summary>What must be acknowledged (Explicit).</summary>
    [JsonPropertyName("ack_policy")]
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public ConsumerConfigAckPolicy AckPolicy { get; set; }

    /// <summary>How long an acknowledgement may take before the message comes again (30 s).</summary>
    [JsonPropertyName("ack_wait")]
    public TimeSpan AckWait { get; set; }

    /// <summary>How often a message is handed out at most (−1: any number).</summary>
    [JsonPropertyName("max_deliver")]
    public long MaxDeliver { get; set; }

    /// <summary>Waits before the second, third… delivery, instead of <see cref="AckWait"/>.</summary>
    [JsonPropertyName("backoff")]
    public ICollection<TimeSpan>? Backoff { get; set; }

    /// <summary>Only these subjects.</summary>
    [JsonPropertyName("filter_subject")]
    public string? FilterSubject { get; set; }

    /// <summary>How fast (Instant).</summary>
    [JsonPropertyName("replay_policy")]
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public ConsumerConfigReplayPolicy ReplayPolicy { get; set; }

    /// <summary>Messages handed out and not acknowledged, at most (1,000).</summary>
    [JsonPropertyName("max_ack_pending")]
    public long MaxAckPending { get; set; }

    /// <summary>Pull requests that may wait (512).</summary>
    [JsonPropertyName("max_waiting")]
    public long MaxWaiting { get; set; }

    /// <summary>Messages of one pull request, at most.</summary>
    [JsonPropertyName("max_batch")]
    public long MaxRequestBatch { get; set; }

    /// <summary>Duration of one pull request, at most.</summary>
    [JsonPropertyName("max_expires")]
    public TimeSpan MaxRequestExpires { get; set; }

    /// <summary>How long one that does not stay may be left unused (5 s).</summary>
    [JsonPropertyName("inactive_threshold")]
    public TimeSpan InactiveThreshold { get; set; }

    /// <summary>Headers without payloads.</summary>
    [JsonPropertyName("headers_only")]
    public bool HeadersOnly { get; set; }

    /// <summary>Copies of its state (those of the stream).</summary>
    [JsonPropertyName("num_replicas")]
    public int NumReplicas { get; set; }

    /// <summary>Whether its state lies in memory.</summary>
    [JsonPropertyName("mem_storage")]
    public bool MemStorage { get; set; }

    /// <summary>What this client has no property for.</summary>
    [JsonInclude]
    [JsonExtensionData]
    internal Dictionary<string, JsonElement>? Others { get; set; }
}

/// <summary>Where a consumer begins.</summary>
public enum ConsumerConfigDeliverPolicy
{
    /// <summary>With the oldest message.</summary>
    [JsonStringEnumMemberName("all")]
    All,

    /// <summary>With the newest one.</summary>
    [JsonStringEnumMemberName("last")]
    Last,

    /// <summary>With what comes from now on.</summary>
    [JsonStringEnumMemberName("new")]
    New,

    /// <summary>At a sequence.</summary>
    [JsonStringEnumMemberName("by_start_sequence")]
    ByStartSequence,

    /// <summary>At a time.</summary>
    [JsonStringEnumMemberName("by_start_time")]
    ByStartTime,

    /// <summary>With the newest one of each subject.</summary>
    [JsonStringEnumMemberName("last_per_subject")]
    LastPerSubject,
}

/// <summary>What must be acknowledged.</summary>
public enum ConsumerConfigAckPolicy
{
    /// <summary>Each message.</summary>
    [JsonStringEnumMemberName("explicit")]
    Explicit,

    /// <summary>A message, and with it all before.</summary>
    [JsonStringEnumMemberName("all")]
    All,

    /// <summary>Nothing.</summary>
    [JsonStringEnumMemberName("none")]
    None,
}

/// <summary>How fast messages are handed out.</summary>
public enum ConsumerConfigReplayPolicy
{
    /// <summary>As fast as can be.</summary>
    [JsonStringEnumMemberName("instant")]
    Instant,

    /// <summary>In the rhythm in which they came.</summary>
    [JsonStringEnumMemberName("original")]
    Original,
}
