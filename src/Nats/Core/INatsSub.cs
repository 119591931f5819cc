using System.Threading.Channels;

namespace NATS.Client.Core;

/// <summary>A subscription. Disposing unsubscribes. Thread-safe.</summary>
public interface INatsSub : IAsyncDisposable
{
    /// <summary>What it listens to; may have wildcards.</summary>
    string Subject { get; }

    /// <summary>The queue group that it shares messages with, or null.</summary>
    string? QueueGroup { get; }

    /// <summary>Messages dropped so far because the queue was full.</summary>
    long DroppedMessages { get; }

    /// <summary>Ends it at once: no message arrives any more, those that wait can still be read.</summary>
    ValueTask UnsubscribeAsync();

    /// <summary>Ends it after all messages that the server had sent for it have arrived; they can still be read.</summary>
    ValueTask DrainAsync(CancellationToken cancellationToken = default);
}

/// <summary>A subscription with messages of a type.</summary>
public interface INatsSub<T> : INatsSub
{
    /// <summary>
    /// The messages. It completes when the subscription ends, with an exception where that was not asked for: the
    /// server denied the subject, or the connection was given up.
    /// </summary>
    ChannelReader<NatsMsg<T>> Msgs { get; }
}
