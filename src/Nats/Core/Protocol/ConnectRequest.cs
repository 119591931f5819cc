using System.Text.Json.Serialization;

namespace NATS.Client.Core.Protocol;

/// <summary>The JSON of a CONNECT line.</summary>
internal sealed record ConnectRequest
{
    [JsonPropertyName("verbose")]
    public bool Verbose { get; init; }

    /// <summary>Always off: the client checks subjects itself.</summary>
    [JsonPropertyName("pedantic")]
    public bool Pedantic => false;

    [JsonPropertyName("echo")]
    public bool Echo { get; init; }

    [JsonPropertyName("headers")]
    public bool Headers { get; init; }

    [JsonPropertyName("no_responders")]
    public bool NoResponders { get; init; }

    [JsonPropertyName("tls_required")]
    public bool TlsRequired { get; init; }

    [JsonPropertyName("name")]
    public string Name { get; init; } = "";

    [JsonPropertyName("lang")]
    public string Language => "C#";

    [JsonPropertyName("version")]
    public string Version { get; init; } = "";

    /// <summary>1: the server may send INFO at any time.</summary>
    [JsonPropertyName("protocol")]
    public int Protocol => 1;

    [JsonPropertyName("user")]
    public string? User { get; init; }

    [JsonPropertyName("pass")]
    public string? Password { get; init; }

    [JsonPropertyName("auth_token")]
    public string? Token { get; init; }

    [JsonPropertyName("jwt")]
    public string? Jwt { get; init; }

    [JsonPropertyName("nkey")]
    public string? NKey { get; init; }

    [JsonPropertyName("sig")]
    public string? Signature { get; init; }
}
