using System.Text.Json.Serialization;

namespace NATS.Client.Core.Protocol;

/// <summary>
/// The JSON of an INFO line. Settable, because generated readers pass over the defaults of init-only properties.
/// </summary>
internal sealed record ServerInfo : INatsServerInfo
{
    [JsonPropertyName("server_id")]
    public string Id { get; set; } = "";

    [JsonPropertyName("server_name")]
    public string Name { get; set; } = "";

    [JsonPropertyName("version")]
    public string Version { get; set; } = "";

    [JsonPropertyName("host")]
    public string Host { get; set; } = "";

    [JsonPropertyName("port")]
    public int Port { get; set; }

    [JsonPropertyName("max_payload")]
    public int MaxPayload { get; set; } = 1024 * 1024;

    [JsonPropertyName("client_id")]
    public ulong ClientId { get; set; }

    [JsonPropertyName("jetstream")]
    public bool JetStreamAvailable { get; set; }

    [JsonPropertyName("headers")]
    public bool HeadersSupported { get; set; }

    [JsonPropertyName("ldm")]
    public bool LameDuckMode { get; set; }

    [JsonPropertyName("cluster")]
    public string? Cluster { get; set; }

    [JsonPropertyName("auth_required")]
    public bool AuthRequired { get; set; }

    [JsonPropertyName("tls_required")]
    public bool TlsRequired { get; set; }

    [JsonPropertyName("tls_available")]
    public bool TlsAvailable { get; set; }

    [JsonPropertyName("nonce")]
    public string? Nonce { get; set; }

    [JsonPropertyName("connect_urls")]
    public IReadOnlyList<string>? ConnectUrls { get; set; }

    [JsonIgnore]
    public IReadOnlyList<string> ClientConnectUrls => ConnectUrls ?? [];
}
