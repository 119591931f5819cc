using NATS.Client.Core;
using NATS.Client.JetStream.Models;

namespace NATS.Client.JetStream;

/// <summary>Something that JetStream cannot do.</summary>
public class NatsJSException(string message, Exception? innerException = null) : NatsException(message, innerException);

/// <summary>JetStream refused.</summary>
public sealed class NatsJSApiException(ApiError error) : NatsJSException($"{error.Description} (error {error.ErrCode})")
{
    /// <summary>Why.</summary>
    public ApiError Error { get; } = error;
}

/// <summary>JetStream did not answer, or is not there. What was asked for may have been done all the same.</summary>
public sealed class NatsJSApiNoResponseException(string message, Exception? innerException = null)
    : NatsJSException(message, innerException);

/// <summary>
/// A publish was not confirmed: it may have been stored or not. Publish again with the same MsgId to find out.
/// </summary>
public sealed class NatsJSPublishNoResponseException(string message, Exception? innerException = null)
    : NatsJSException(message, innerException);

/// <summary>A message with this Nats-Msg-Id had come before.</summary>
public sealed class NatsJSDuplicateMessageException(ulong sequence)
    : NatsJSException($"A message with this id is stored at sequence {sequence} already.")
{
    /// <summary>Sequence of the one stored.</summary>
    public ulong Sequence { get; } = sequence;
}

/// <summary>A consumer's answer that ends the work with it: it was deleted, or refused the request.</summary>
public sealed class NatsJSProtocolException(int code, string message) : NatsJSException($"{message} (status {code})")
{
    /// <summary>The status.</summary>
    public int HeaderCode { get; } = code;
}
