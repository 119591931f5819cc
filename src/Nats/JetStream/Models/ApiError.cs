using System.Text.Json.Serialization;

namespace NATS.Client.JetStream.Models;

/// <summary>Why JetStream refused.</summary>
public sealed record ApiError
{
    /// <summary>Kind of error, as HTTP numbers them: 400, 404, 503….</summary>
    [JsonPropertyName("code")]
    public int Code { get; set; }

    /// <summary>JetStream's own number: see <see cref="NatsJSErrors"/> for those that callers tell apart.</summary>
    [JsonPropertyName("err_code")]
    public int ErrCode { get; set; }

    /// <summary>Words.</summary>
    [JsonPropertyName("description")]
    public string Description { get; set; } = "";
}
