using NATS.Client.Core;

namespace NATS.Client.JetStream;

/// <summary>A message of a consumer.</summary>
public interface INatsJSMsg<out T>
{
    /// <summary>Where it was published.</summary>
    string Subject { get; }

    /// <summary>Bytes of subject, headers and payload.</summary>
    int Size { get; }

    /// <summary>Headers, or null.</summary>
    NatsHeaders? Headers { get; }

    /// <summary>The payload; default where it was empty or <see cref="Error"/> is set.</summary>
    T? Data { get; }

    /// <summary>Set where the payload could not be deserialized.</summary>
    NatsException? Error { get; }

    /// <summary>The connection that it came over.</summary>
    INatsConnection? Connection { get; }

    /// <summary>Where in stream and consumer it stands; null where the server's subject cannot be read.</summary>
    NatsJSMsgMetadata? Metadata { get; }

    /// <summary>Subject of acknowledgements.</summary>
    string? ReplyTo { get; }

    /// <exception cref="NatsException">The payload could not be deserialized.</exception>
    void EnsureSuccess();

    /// <summary>It is done.</summary>
    ValueTask AckAsync(AckOpts? opts = null, CancellationToken cancellationToken = default);

    /// <summary>It shall come again, at once or after a delay.</summary>
    ValueTask NakAsync(AckOpts? opts = null, TimeSpan delay = default, CancellationToken cancellationToken = default);

    /// <summary>It is being worked on: the time to acknowledge begins anew.</summary>
    ValueTask AckProgressAsync(AckOpts? opts = null, CancellationToken cancellationToken = default);

    /// <summary>It shall never come again, though it is not done.</summary>
    ValueTask AckTerminateAsync(AckOpts? opts = null, CancellationToken cancellationToken = default);
}
