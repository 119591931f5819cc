using System.Text.Json.Serialization;

namespace NATS.Client.JetStream.Models;

/// <summary>What an account uses of JetStream.</summary>
public sealed record AccountInfoResponse
{
    /// <summary>Bytes in memory.</summary>
    [JsonPropertyName("memory")]
    public long Memory { get; set; }

    /// <summary>Bytes on disk.</summary>
    [JsonPropertyName("storage")]
    public long Storage { get; set; }

    /// <summary>Streams.</summary>
    [JsonPropertyName("streams")]
    public int Streams { get; set; }

    /// <summary>Consumers.</summary>
    [JsonPropertyName("consumers")]
    public int Consumers { get; set; }

    /// <summary>The JetStream domain, where there is one.</summary>
    [JsonPropertyName("domain")]
    public string? Domain { get; set; }

    /// <summary>The most that it may use; −1 is no limit.</summary>
    [JsonPropertyName("limits")]
    public AccountLimits Limits { get; set; } = new();
}

/// <summary>The most that an account may use; −1 is no limit.</summary>
public sealed record AccountLimits
{
    /// <summary>Bytes in memory.</summary>
    [JsonPropertyName("max_memory")]
    public long MaxMemory { get; set; }

    /// <summary>Bytes on disk.</summary>
    [JsonPropertyName("max_storage")]
    public long MaxStorage { get; set; }

    /// <summary>Streams.</summary>
    [JsonPropertyName("max_streams")]
    public int MaxStreams { get; set; }

    /// <summary>Consumers.</summary>
    [JsonPropertyName("max_consumers")]
    public int MaxConsumers { get; set; }
}
