namespace NATS.Client.Core;

/// <summary>A message. A value: cheap to pass, and its data belongs to whoever holds it.</summary>
/// <param name="Subject">Where it was published.</param>
/// <param name="ReplyTo">Where an answer is awaited, or null.</param>
/// <param name="Size">Bytes of subject, reply subject, headers and payload.</param>
/// <param name="Headers">Headers, or null.</param>
/// <param name="Data">The payload as the type asked for; default where it was empty or <see cref="Error"/> is set.</param>
/// <param name="Connection">Where it came from, for replies.</param>
/// <param name="Error">Set where the payload or the headers could not be read; the message still counts and can be acked.</param>
public readonly record struct NatsMsg<T>(
    string Subject,
    string? ReplyTo,
    int Size,
    NatsHeaders? Headers,
    T? Data,
    INatsConnection? Connection,
    NatsException? Error = null)
{
    /// <summary>Whether it is the server's word that nobody listens to a request's subject (status 503).</summary>
    public bool HasNoResponders => Headers is { Code: 503 };

    /// <exception cref="NatsException">The payload could not be read, or the message says that nobody responds.</exception>
    public void EnsureSuccess()
    {
        if (HasNoResponders)
            throw new NatsNoRespondersException($"Nobody responds to the request (reply subject {Subject}).");
        if (Error is not null)
            throw Error;
    }

    /// <summary>Answers with data.</summary>
    /// <exception cref="NatsException">The message has no reply subject, or did not come from a connection.</exception>
    public ValueTask ReplyAsync<TReply>(TReply data, NatsHeaders? headers = null, string? replyTo = null,
        INatsSerialize<TReply>? serializer = null, NatsPubOpts? opts = null, CancellationToken cancellationToken = default) =>
        Responder().PublishAsync(ReplyTo!, data, headers, replyTo, serializer, opts, cancellationToken);

    /// <summary>Answers with an empty message.</summary>
    /// <exception cref="NatsException">The message has no reply subject, or did not come from a connection.</exception>
    public ValueTask ReplyAsync(NatsHeaders? headers = null, string? replyTo = null, NatsPubOpts? opts = null,
        CancellationToken cancellationToken = default) =>
        Responder().PublishAsync(ReplyTo!, headers, replyTo, opts, cancellationToken);

    private INatsConnection Responder()
    {
        if (string.IsNullOrEmpty(ReplyTo))
            throw new NatsException("The message has no reply subject.");
        return Connection ?? throw new NatsException("The message did not come from a connection.");
    }
}
