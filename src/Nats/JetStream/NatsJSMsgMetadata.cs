using System.Globalization;

namespace NATS.Client.JetStream;

/// <summary>Where a message stands.</summary>
/// <param name="Sequence">In the stream, and among the consumer's deliveries.</param>
/// <param name="NumDelivered">How often it was handed out, this time included.</param>
/// <param name="NumPending">Messages behind it that the consumer has not handed out.</param>
/// <param name="Timestamp">When it was stored.</param>
/// <param name="Stream">The stream.</param>
/// <param name="Consumer">The consumer.</param>
/// <param name="Domain">The JetStream domain, or ''.</param>
public readonly record struct NatsJSMsgMetadata(
    NatsJSSequencePair Sequence, ulong NumDelivered, ulong NumPending, DateTimeOffset Timestamp, string Stream,
        string Consumer, string Domain)
{
    private const string Prefix = "$JS.ACK.";

    /// <summary>
    /// Reads the subject of acknowledgements; null where it is none.
    /// <code>
    /// $JS.ACK.stream.consumer.delivered.stream-seq.consumer-seq.nanoseconds.pending
    /// $JS.ACK.domain.account.stream.consumer.delivered.stream-seq.consumer-seq.nanoseconds.pending[.random]
    /// </code>
    /// </summary>
    internal static NatsJSMsgMetadata? Parse(string? ackSubject)
    {
        if (ackSubject is null || !ackSubject.StartsWith(Prefix, StringComparison.Ordinal))
            return null;
        var parts = ackSubject.Split('.');
        var at = parts.Length switch
        {
            9 => 2,
            >= 11 => 4,
            _ => -1,
        };
        if (at < 0 || !Number(parts[at + 2], out var delivered) || !Number(parts[at + 3], out var streamSequence)
            || !Number(parts[at + 4], out var consumerSequence) || !Number(parts[at + 5], out var nanoseconds)
            || !Number(parts[at + 6], out var pending))
            return null;
        var time = DateTimeOffset.UnixEpoch.AddTicks((long)(nanoseconds / (ulong)TimeSpan.NanosecondsPerTick));
        // A server without a domain writes '_'.
        var domain = at == 4 && parts[2] != "_" ? parts[2] : "";
        return new NatsJSMsgMetadata(
            new NatsJSSequencePair(streamSequence, consumerSequence), delivered, pending, time, parts[at], parts[at + 1], domain);
    }

    private static bool Number(string text, out ulong value) =>
        ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value) && value <= long.MaxValue;
}

/// <summary>Sequences of a message.</summary>
/// <param name="Stream">In the stream.</param>
/// <param name="Consumer">Among the consumer's deliveries.</param>
public readonly record struct NatsJSSequencePair(ulong Stream, ulong Consumer);
