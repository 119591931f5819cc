namespace NATS.Client.Core;

/// <summary>Anything that a NATS client cannot do.</summary>
public class NatsException : Exception
{
    /// <summary>With a sentence that says what went wrong.</summary>
    public NatsException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }
}

/// <summary>No server could be reached, or all refused.</summary>
public sealed class NatsConnectionFailedException(string message, Exception? innerException = null)
    : NatsException(message, innerException);

/// <summary>No reply came within the time of a request.</summary>
public sealed class NatsNoReplyException(string message) : NatsException(message);

/// <summary>The server says that nobody listens to the subject of a request.</summary>
public sealed class NatsNoRespondersException(string message) : NatsException(message);

/// <summary>An error that the server sent.</summary>
public sealed class NatsServerException : NatsException
{
    /// <summary>With the server's words.</summary>
    public NatsServerException(string error)
        : base($"Server error: {error}") => Error = error;

    /// <summary>What the server said.</summary>
    public string Error { get; }

    /// <summary>Whether it concerns credentials.</summary>
    public bool IsAuthError => Error.StartsWith("Authorization Violation", StringComparison.OrdinalIgnoreCase)
        || Error.StartsWith("User Authentication", StringComparison.OrdinalIgnoreCase)
        || Error.StartsWith("Account Authentication", StringComparison.OrdinalIgnoreCase)
        || Error.StartsWith("Authentication Timeout", StringComparison.OrdinalIgnoreCase)
        || Error.StartsWith("Authentication Expired", StringComparison.OrdinalIgnoreCase);
}

/// <summary>What came over the wire is not NATS, or breaks a limit.</summary>
public sealed class NatsProtocolViolationException(string message) : NatsException(message);

/// <summary>The headers of a message are none.</summary>
public sealed class NatsHeaderParseException(string message, Exception innerException) : NatsException(message, innerException);

/// <summary>A message is larger than the server's max_payload.</summary>
public sealed class NatsPayloadTooLargeException(string message) : NatsException(message);

/// <summary>The payload of a message could not be read as the type asked for.</summary>
public sealed class NatsDeserializeException(byte[] rawData, Exception innerException)
    : NatsException("The payload could not be deserialized.", innerException)
{
    /// <summary>The payload.</summary>
    public byte[] RawData { get; } = rawData;
}
