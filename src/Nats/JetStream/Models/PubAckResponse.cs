using System.Text.Json.Serialization;

namespace NATS.Client.JetStream.Models;

/// <summary>The server's answer to a publish.</summary>
public sealed record PubAckResponse
{
    /// <summary>Set where it was refused.</summary>
    [JsonPropertyName("error")]
    public ApiError? Error { get; set; }

    /// <summary>The stream.</summary>
    [JsonPropertyName("stream")]
    public string? Stream { get; set; }

    /// <summary>The message's sequence in it; that of the first one where it is a duplicate.</summary>
    [JsonPropertyName("seq")]
    public ulong Seq { get; set; }

    /// <summary>Whether a message with this Nats-Msg-Id had come before: nothing was stored.</summary>
    [JsonPropertyName("duplicate")]
    public bool Duplicate { get; set; }

    /// <summary>The JetStream domain, where there is one.</summary>
    [JsonPropertyName("domain")]
    public string? Domain { get; set; }

    /// <summary>Whether it was stored, or had been stored before.</summary>
    public bool IsSuccess() => Error is null;

    /// <exception cref="NatsJSApiException">It was refused.</exception>
    /// <exception cref="NatsJSDuplicateMessageException">It had come before.</exception>
    public void EnsureSuccess()
    {
        if (Error is not null)
            throw new NatsJSApiException(Error);
        if (Duplicate)
            throw new NatsJSDuplicateMessageException(Seq);
    }
}
