using NATS.Client.Core.Connecting;
using NATS.Client.Core.Protocol;

namespace NATS.Client.Core.Sending;

/// <summary>Makes messages into bytes of the send buffer: at once where there is room, else as soon as there is.</summary>
internal sealed class Publisher(ConnectionLoop loop, OutgoingBuffer outgoing, NatsOpts opts)
{
    public ValueTask PublishAsync<T>(string subject, T data, NatsHeaders? headers, string? replyTo,
        INatsSerialize<T> serializer, CancellationToken cancellationToken)
    {
        SubjectRules.CheckPublishable(subject, nameof(subject));
        if (replyTo is not null)
            SubjectRules.CheckPublishable(replyTo, nameof(replyTo));
        return loop.IsStarted && TryPublish(subject, data, headers, replyTo, serializer)
            ? ValueTask.CompletedTask
            : WhenRoomAsync(subject, data, headers, replyTo, serializer, cancellationToken);
    }

    /// <summary>Waits for a task for as long as a command may take.</summary>
    public async Task WithinCommandTimeoutAsync(Task task, string what, CancellationToken cancellationToken)
    {
        try
        {
            await task.WaitAsync(opts.CommandTimeout, cancellationToken);
        }
        catch (TimeoutException)
        {
            throw new NatsException($"{what} within {opts.CommandTimeout.TotalSeconds:0.###} s (the connection is {loop.State}).");
        }
    }

    private bool TryPublish<T>(string subject, T data, NatsHeaders? headers, string? replyTo, INatsSerialize<T> serializer)
    {
        var headerBytes = headers is { Count: > 0 } ? HeaderWriter.Measure(headers) : 0;
        if (headerBytes == 0)
            headers = null;
        else if (!loop.Info!.HeadersSupported || !opts.Headers)
            throw new NatsException("The server, or NatsOpts.Headers, does not allow headers.");
        if (data is null)
            return TryAppend(subject, replyTo, headers, headerBytes, default);
        if (serializer is IPayloadView<T> view)
            return TryAppend(subject, replyTo, headers, headerBytes, view.View(data));
        var scratch = PayloadScratch.Rent();
        serializer.Serialize(scratch, data);
        var done = TryAppend(subject, replyTo, headers, headerBytes, scratch.WrittenSpan);
        PayloadScratch.Return(scratch);
        return done;
    }

    private bool TryAppend(string subject, string? replyTo, NatsHeaders? headers, int headerBytes, ReadOnlySpan<byte> payload)
    {
        var limit = loop.Info!.MaxPayload;
        if ((long)headerBytes + payload.Length > limit)
            throw new NatsPayloadTooLargeException($"A message of {(long)headerBytes + payload.Length} bytes; the server takes at most {limit}.");
        return outgoing.TryAppend(new PublishCommand(subject, replyTo, headers, headerBytes, payload));
    }

    private async ValueTask WhenRoomAsync<T>(string subject, T data, NatsHeaders? headers, string? replyTo,
        INatsSerialize<T> serializer, CancellationToken cancellationToken)
    {
        if (!loop.IsStarted)
            await loop.OpenAsync().WaitAsync(cancellationToken);
        while (!TryPublish(subject, data, headers, replyTo, serializer))
            await WithinCommandTimeoutAsync(outgoing.WaitForRoomAsync(), "No room in the send buffer", cancellationToken);
    }
}
