using System.Text.Json;
using NATS.Client.Core;
using NATS.Client.JetStream.Models;

namespace NATS.Client.JetStream;

/// <summary>What a reader of a pull inbox wakes up for.</summary>
internal enum PullEvent
{
    Message,

    /// <summary>Nothing, not even a heartbeat, came in time.</summary>
    Silence,

    /// <summary>Another connection has been made: the server knows nothing of requests sent over the last one.</summary>
    Reconnected,
}

/// <summary>A subject to which a consumer sends what it is asked for. For one reader.</summary>
internal sealed class PullInbox<T> : IAsyncDisposable
{
    /// <summary>Room for heartbeats and closing words beside the messages asked for.</summary>
    private const int ControlMessages = 64;

    private readonly INatsConnection _connection;
    private readonly INatsSub<T> _subscription;
    private readonly string _inbox;
    private readonly string _subject;
    private volatile TaskCompletionSource _reconnected = NewSource();
    private Task<bool>? _ready;

    private PullInbox(INatsConnection connection, INatsSub<T> subscription, string inbox, string subject)
    {
        _connection = connection;
        _subscription = subscription;
        _inbox = inbox;
        _subject = subject;
        connection.ConnectionOpened += OnConnectionOpened;
    }

    /// <summary>Subscribes; room is kept for so many messages.</summary>
    public static async ValueTask<PullInbox<T>> OpenAsync(INatsConnection connection, JSApi api, ConsumerInfo consumer,
        int messages,
        INatsDeserialize<T>? serializer, CancellationToken cancellationToken)
    {
        var inbox = connection.NewInbox();
        // The number asked for bounds it. It must not wait when full: it would get a connection of its own.
        var opts = new NatsSubOpts
        {
            ChannelOpts = new NatsSubChannelOpts
            {
                Capacity = messages + ControlMessages,
                MaxBytes = long.MaxValue,
                FullMode = System.Threading.Channels.BoundedChannelFullMode.DropNewest,
            },
        };
        var subscription = await connection.SubscribeCoreAsync(inbox, serializer: serializer, opts: opts,
            cancellationToken: cancellationToken);
        var subject = api.Subject($"CONSUMER.MSG.NEXT.{consumer.StreamName}.{consumer.Name}");
        return new PullInbox<T>(connection, subscription, inbox, subject);
    }

    public ValueTask RequestAsync(PullRequest request, CancellationToken cancellationToken)
    {
        var body = JsonSerializer.SerializeToUtf8Bytes(request, NatsJSJson.Default.PullRequest);
        return _connection.PublishAsync(_subject, body, replyTo: _inbox, cancellationToken: cancellationToken);
    }

    /// <summary>The next message, or why there is none.</summary>
    public async ValueTask<(PullEvent Event, NatsMsg<T> Message)> ReadAsync(TimeSpan silence, CancellationToken cancellationToken)
    {
        while (true)
        {
            if (_subscription.Msgs.TryRead(out var message))
                return (PullEvent.Message, message);
            _ready ??= _subscription.Msgs.WaitToReadAsync(cancellationToken).AsTask();
            var reconnected = _reconnected;
            using var waiting = new CancellationTokenSource();
            await Task.WhenAny(_ready, reconnected.Task, Task.Delay(silence, waiting.Token));
            await waiting.CancelAsync();
            if (_ready.IsCompleted)
            {
                var more = await _ready;
                _ready = null;
                if (!more)
                    throw new NatsJSException("The subscription of a consumer's messages has ended: the connection was closed or drained.");
            }
            else if (reconnected.Task.IsCompleted)
            {
                _reconnected = NewSource();
                return (PullEvent.Reconnected, default);
            }
            else
            {
                return (PullEvent.Silence, default);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        _connection.ConnectionOpened -= OnConnectionOpened;
        await _subscription.DisposeAsync();
    }

    private ValueTask OnConnectionOpened(object? sender, NatsEventArgs args)
    {
        _reconnected.TrySetResult();
        return default;
    }

    private static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
