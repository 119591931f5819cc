using System.Text.Json.Serialization;

namespace NATS.Client.JetStream.Models;

// Requests and answers that callers never see.
internal sealed record SuccessResponse
{
    [JsonPropertyName("success")]
    public bool Success { get; set; }
}

internal sealed record PageRequest
{
    [JsonPropertyName("offset")]
    public int Offset { get; set; }

    [JsonPropertyName("subject")]
    public string? Subject { get; set; }
}

internal sealed record StreamNamesResponse
{
    [JsonPropertyName("total")]
    public int Total { get; set; }

    [JsonPropertyName("streams")]
    public List<string>? Streams { get; set; }
}

internal sealed record StreamListResponse
{
    [JsonPropertyName("total")]
    public int Total { get; set; }

    [JsonPropertyName("streams")]
    public List<StreamInfo>? Streams { get; set; }
}

internal sealed record ConsumerNamesResponse
{
    [JsonPropertyName("total")]
    public int Total { get; set; }

    [JsonPropertyName("consumers")]
    public List<string>? Consumers { get; set; }
}

internal sealed record StreamInfoRequest
{
    [JsonPropertyName("subjects_filter")]
    public string? SubjectsFilter { get; set; }
}

internal sealed record ConsumerCreateRequest
{
    [JsonPropertyName("stream_name")]
    public string StreamName { get; set; } = "";

    [JsonPropertyName("config")]
    public ConsumerConfig Config { get; set; } = new();
}

internal sealed record PullRequest
{
    [JsonPropertyName("batch")]
    public int Batch { get; set; }

    [JsonPropertyName("max_bytes")]
    public long MaxBytes { get; set; }

    [JsonPropertyName("expires")]
    public TimeSpan Expires { get; set; }

    [JsonPropertyName("idle_heartbeat")]
    public TimeSpan IdleHeartbeat { get; set; }

    [JsonPropertyName("no_wait")]
    public bool NoWait { get; set; }
}
