using System.Runtime.CompilerServices;
using NATS.Client.Core;
using NATS.Client.JetStream.Models;

namespace NATS.Client.JetStream;

/// <inheritdoc cref="INatsJSConsumer"/>
/// <param name="isReplaced">
/// Whether reading ends with <see cref="NatsJSProtocolException"/> as soon as nobody serves the consumer, for an owner that
/// makes another one: who had it in memory alone may never come back. Else it is waited for.
/// </param>
internal sealed class NatsJSConsumer(INatsConnection connection, JSApi api, ConsumerInfo info, bool isReplaced = false) : INatsJSConsumer
{
    private const int DefaultMessages = 1000;

    private static readonly TimeSpan FirstRetryWait = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LastRetryWait = TimeSpan.FromSeconds(5);

    private volatile ConsumerInfo _info = info;

    public ConsumerInfo Info => _info;

    public async ValueTask RefreshAsync(CancellationToken cancellationToken = default) =>
        _info = await api.AskAsync($"CONSUMER.INFO.{_info.StreamName}.{_info.Name}", NatsJSJson.Default.ConsumerInfo,
            cancellationToken);

    public async IAsyncEnumerable<INatsJSMsg<T>> ConsumeAsync<T>(INatsDeserialize<T>? serializer = null,
        NatsJSConsumeOpts? opts = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var most = Messages(opts?.MaxMsgs);
        var threshold = opts?.ThresholdMsgs ?? most / 2;
        if (threshold < 0 || threshold >= most)
            throw new ArgumentException("ThresholdMsgs must be at least 0 and less than MaxMsgs.", nameof(opts));
        var times = PullTimes.Of(opts?.Expires, opts?.IdleHeartbeat);
        await using var inbox = await PullInbox<T>.OpenAsync(connection, api, _info, most * 2, serializer, cancellationToken);
        int pending = 0, failures = 0;
        while (true)
        {
            if (pending <= threshold)
            {
                var request = new PullRequest
                {
                    Batch = most - pending,
                    Expires = times.Expires,
                    IdleHeartbeat = times.Heartbeat,
                };
                await inbox.RequestAsync(request, cancellationToken);
                pending = most;
            }

            var (what, message) = await inbox.ReadAsync(times.Silence, cancellationToken);
            if (what == PullEvent.Reconnected)
            {
                // A server that was restarted has forgotten consumers in memory, and would only be silent.
                await CheckThereAsync(cancellationToken);
                pending = 0;
                continue;
            }

            var status = what == PullEvent.Silence ? new PullStatus(503, "No heartbeat came.", null) : PullStatus.Of(message);
            if (status is null)
            {
                pending = Math.Max(0, pending - 1);
                failures = 0;
                yield return new NatsJSMsg<T>(message, api);
            }
            else if (status.Value.IsFatal || (isReplaced && status.Value.IsNobody))
            {
                throw status.Value.ToException();
            }
            else if (!status.Value.IsHeartbeat)
            {
                pending = Math.Max(0, pending - (status.Value.PendingMessages ?? most));
                if (status.Value.IsExpected)
                    continue;
                opts?.NotificationHandler?.Invoke(new NatsJSNotification(status.Value.Code, status.Value.Text));
                await Task.Delay(RetryWait(failures++), cancellationToken);
                if (status.Value.IsNobody)
                    await CheckThereAsync(cancellationToken);
            }
        }
    }

    public async ValueTask<INatsJSMsg<T>?> NextAsync<T>(INatsDeserialize<T>? serializer = null, NatsJSNextOpts? opts = null,
        CancellationToken cancellationToken = default)
    {
        var fetch = new NatsJSFetchOpts { MaxMsgs = 1, Expires = opts?.Expires, IdleHeartbeat = opts?.IdleHeartbeat };
        await foreach (var message in FetchAsync(fetch, serializer, cancellationToken))
            return message;
        return null;
    }

    public IAsyncEnumerable<INatsJSMsg<T>> FetchAsync<T>(NatsJSFetchOpts opts, INatsDeserialize<T>? serializer = null,
        CancellationToken cancellationToken = default)
    {
        var times = PullTimes.Of(opts.Expires, opts.IdleHeartbeat);
        var request = new PullRequest
        {
            Batch = Messages(opts.MaxMsgs),
            MaxBytes = opts.MaxBytes ?? 0,
            Expires = times.Expires,
            IdleHeartbeat = times.Heartbeat,
        };
        return FetchAsync(request, times.Silence, opts, serializer, cancellationToken);
    }

    public IAsyncEnumerable<INatsJSMsg<T>> FetchNoWaitAsync<T>(NatsJSFetchOpts opts, INatsDeserialize<T>? serializer = null,
        CancellationToken cancellationToken = default)
    {
        var request = new PullRequest { Batch = Messages(opts.MaxMsgs), MaxBytes = opts.MaxBytes ?? 0, NoWait = true };
        return FetchAsync(request, connection.Opts.RequestTimeout, opts, serializer, cancellationToken);
    }

    /// <summary>The wait before the next try, doubling.</summary>
    internal static TimeSpan RetryWait(int failures)
    {
        var wait = FirstRetryWait * (1 << Math.Clamp(failures, 0, 10));
        return wait < LastRetryWait ? wait : LastRetryWait;
    }

    private static int Messages(int? maxMsgs) => maxMsgs is null or > 0
        ? maxMsgs ?? DefaultMessages
        : throw new ArgumentException("MaxMsgs must be greater than 0.", nameof(maxMsgs));

    private async IAsyncEnumerable<INatsJSMsg<T>> FetchAsync<T>(PullRequest request, TimeSpan silence, NatsJSFetchOpts opts,
        INatsDeserialize<T>? serializer, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var inbox = await PullInbox<T>.OpenAsync(connection, api, _info, request.Batch, serializer,
            cancellationToken);
        await inbox.RequestAsync(request, cancellationToken);
        for (var left = request.Batch; left > 0;)
        {
            var (what, message) = await inbox.ReadAsync(silence, cancellationToken);
            if (what != PullEvent.Message)
            {
                // After a reconnect what was asked for will not come: acknowledged consumers hand it out again.
                opts.NotificationHandler?.Invoke(new NatsJSNotification(0,
                    what == PullEvent.Silence ? "No heartbeat came." : "Reconnected."));
                if (what == PullEvent.Silence)
                    await CheckThereAsync(cancellationToken);
                yield break;
            }

            if (PullStatus.Of(message) is not { } status)
            {
                left--;
                yield return new NatsJSMsg<T>(message, api);
                continue;
            }

            if (status.IsHeartbeat)
                continue;
            if (status.IsFatal)
                throw status.ToException();
            if (status.IsNobody)
                throw new NatsJSApiNoResponseException($"Nobody answers for consumer {_info.Name} of {_info.StreamName}: it is gone, or has no leader.");
            if (!status.IsExpected)
                opts.NotificationHandler?.Invoke(new NatsJSNotification(status.Code, status.Text));
            yield break;
        }
    }

    /// <summary>Whether the consumer still exists; no answer at all may mean anything, and is tried again.</summary>
    private async ValueTask CheckThereAsync(CancellationToken cancellationToken)
    {
        try
        {
            await RefreshAsync(cancellationToken);
        }
        catch (NatsJSApiException e) when (e.Error.ErrCode is NatsJSErrors.ConsumerNotFound or NatsJSErrors.StreamNotFound)
        {
            throw new NatsJSProtocolException(404, $"The consumer is gone: {e.Error.Description}.");
        }
        catch (NatsJSException)
        {
            // An election, perhaps.
        }
    }
}
