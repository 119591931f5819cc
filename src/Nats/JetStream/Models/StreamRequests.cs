using System.Text.Json.Serialization;

namespace NATS.Client.JetStream.Models;

/// <summary>What to purge; everything where nothing is set. Seq and Keep exclude each other.</summary>
public sealed record StreamPurgeRequest
{
    /// <summary>Only these subjects.</summary>
    [JsonPropertyName("filter")]
    public string? Filter { get; set; }

    /// <summary>Only messages before this sequence.</summary>
    [JsonPropertyName("seq")]
    public ulong Seq { get; set; }

    /// <summary>How many of the newest to keep.</summary>
    [JsonPropertyName("keep")]
    public ulong Keep { get; set; }
}

/// <summary>What was purged.</summary>
public sealed record StreamPurgeResponse
{
    /// <summary>Whether it was done.</summary>
    [JsonPropertyName("success")]
    public bool Success { get; set; }

    /// <summary>How many messages went.</summary>
    [JsonPropertyName("purged")]
    public ulong Purged { get; set; }
}

/// <summary>Which message: by sequence, the last one of a subject, or the next one of a subject from a sequence.</summary>
public sealed record StreamMsgGetRequest
{
    /// <summary>Sequence.</summary>
    [JsonPropertyName("seq")]
    public ulong Seq { get; set; }

    /// <summary>The newest one of this subject.</summary>
    [JsonPropertyName("last_by_subj")]
    public string? LastBySubj { get; set; }

    /// <summary>The first one of this subject from <see cref="Seq"/>.</summary>
    [JsonPropertyName("next_by_subj")]
    public string? NextBySubj { get; set; }
}

/// <summary>A message that was asked for.</summary>
public sealed record StreamMsgGetResponse
{
    /// <summary>The message.</summary>
    [JsonPropertyName("message")]
    public StoredMessage Message { get; set; } = new();
}

/// <summary>A message as it lies in a stream.</summary>
public sealed record StoredMessage
{
    /// <summary>Subject.</summary>
    [JsonPropertyName("subject")]
    public string Subject { get; set; } = "";

    /// <summary>Sequence.</summary>
    [JsonPropertyName("seq")]
    public ulong Seq { get; set; }

    /// <summary>When it came.</summary>
    [JsonPropertyName("time")]
    public DateTimeOffset Time { get; set; }

    /// <summary>Payload.</summary>
    [JsonPropertyName("data")]
    public ReadOnlyMemory<byte> Data { get; set; }

    /// <summary>The header block as it went over the wire, or empty.</summary>
    [JsonPropertyName("hdrs")]
    public ReadOnlyMemory<byte> Hdrs { get; set; }
}

/// <summary>Which message to delete.</summary>
public sealed record StreamMsgDeleteRequest
{
    /// <summary>Sequence.</summary>
    [JsonPropertyName("seq")]
    public ulong Seq { get; set; }

    /// <summary>Whether its bytes need not be overwritten, which is faster.</summary>
    [JsonPropertyName("no_erase")]
    public bool NoErase { get; set; }
}
