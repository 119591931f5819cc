using System.Globalization;
using NATS.Client.Core;

namespace NATS.Client.JetStream;

/// <summary>What a consumer says beside messages.</summary>
internal readonly record struct PullStatus(int Code, string Text, int? PendingMessages)
{
    /// <summary>The server still waits.</summary>
    public bool IsHeartbeat => Code == 100;

    /// <summary>Nobody took the request: the consumer is gone, or has no leader for the moment.</summary>
    public bool IsNobody => Code == 503;

    /// <summary>The request can never succeed.</summary>
    public bool IsFatal => Code == 400
        || (Code == 409 && (Text.StartsWith("Consumer Deleted", StringComparison.OrdinalIgnoreCase)
            || Text.StartsWith("Consumer is push based", StringComparison.OrdinalIgnoreCase)
            || Text.StartsWith("Exceeded MaxRequest", StringComparison.OrdinalIgnoreCase)));

    /// <summary>An ordinary end: nothing there, or the time is over.</summary>
    public bool IsExpected => Code is 404 or 408;

    public NatsJSProtocolException ToException() => new(Code, $"The consumer refused a request: {Text}");

    /// <summary>Null where it is a message of the stream.</summary>
    public static PullStatus? Of<T>(in NatsMsg<T> message)
    {
        if (message.Headers is not { Code: > 0 } headers || message.ReplyTo?.StartsWith("$JS.ACK.",
            StringComparison.Ordinal) == true)
            return null;
        int? pending = int.TryParse(headers.GetLastValue("Nats-Pending-Messages"), NumberStyles.None,
            CultureInfo.InvariantCulture, out var count)
            ? count
            : null;
        return new PullStatus(headers.Code, headers.MessageText, pending);
    }
}
