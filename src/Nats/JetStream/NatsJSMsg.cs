using NATS.Client.Core;
using NATS.Client.JetStream.Models;

namespace NATS.Client.JetStream;

/// <inheritdoc cref="INatsJSMsg{T}"/>
internal sealed class NatsJSMsg<T>(NatsMsg<T> message, JSApi api) : INatsJSMsg<T>
{
    private static readonly ReadOnlyMemory<byte> Ack = "+ACK"u8.ToArray();
    private static readonly ReadOnlyMemory<byte> Nak = "-NAK"u8.ToArray();
    private static readonly ReadOnlyMemory<byte> Progress = "+WPI"u8.ToArray();
    private static readonly ReadOnlyMemory<byte> Terminate = "+TERM"u8.ToArray();

    private NatsJSMsgMetadata? _metadata;
    private bool _isRead;

    public string Subject => message.Subject;

    public int Size => message.Size;

    public NatsHeaders? Headers => message.Headers;

    public T? Data => message.Data;

    public NatsException? Error => message.Error;

    public INatsConnection? Connection => message.Connection;

    public string? ReplyTo => message.ReplyTo;

    public NatsJSMsgMetadata? Metadata
    {
        get
        {
            if (!_isRead)
            {
                _metadata = NatsJSMsgMetadata.Parse(message.ReplyTo);
                _isRead = true;
            }

            return _metadata;
        }
    }

    public void EnsureSuccess()
    {
        if (message.Error is not null)
            throw message.Error;
    }

    public ValueTask AckAsync(AckOpts? opts = null, CancellationToken cancellationToken = default) => AnswerAsync(Ack, opts,
        cancellationToken);

    public ValueTask NakAsync(AckOpts? opts = null, TimeSpan delay = default, CancellationToken cancellationToken = default)
    {
        if (delay <= TimeSpan.Zero)
            return AnswerAsync(Nak, opts, cancellationToken);
        var text = $"-NAK {{\"delay\":{NanosecondsConverter.Nanoseconds(delay)}}}";
        return AnswerAsync(System.Text.Encoding.ASCII.GetBytes(text), opts, cancellationToken);
    }

    public ValueTask AckProgressAsync(AckOpts? opts = null, CancellationToken cancellationToken = default) =>
        AnswerAsync(Progress, opts, cancellationToken);

    public ValueTask AckTerminateAsync(AckOpts? opts = null, CancellationToken cancellationToken = default) =>
        AnswerAsync(Terminate, opts, cancellationToken);

    private async ValueTask AnswerAsync(ReadOnlyMemory<byte> answer, AckOpts? opts, CancellationToken cancellationToken)
    {
        if (string.IsNullOrEmpty(ReplyTo) || Connection is null)
            throw new NatsJSException("The message takes no acknowledgement.");
        if (opts?.DoubleAck != true)
        {
            await Connection.PublishAsync(ReplyTo, answer, cancellationToken: cancellationToken);
            return;
        }

        try
        {
            await Connection.RequestAsync<ReadOnlyMemory<byte>, byte[]>(
                ReplyTo, answer, replyOpts: api.ReplyOpts, cancellationToken: cancellationToken);
        }
        catch (Exception e) when (e is NatsNoReplyException or NatsNoRespondersException)
        {
            throw new NatsJSApiNoResponseException("The acknowledgement was not confirmed; the message may come again.", e);
        }
    }
}
