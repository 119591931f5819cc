using NATS.Client.JetStream;

namespace NATS.Client.KeyValueStore;

/// <summary>Something that a bucket cannot do.</summary>
public class NatsKVException(string message, Exception? innerException = null) : NatsJSException(message, innerException);

/// <summary>The key has a value already.</summary>
public sealed class NatsKVCreateException() : NatsKVException("The key exists.");

/// <summary>There is no such key, or not in that revision.</summary>
public sealed class NatsKVKeyNotFoundException() : NatsKVException("There is no such key.");

/// <summary>The key was deleted.</summary>
public sealed class NatsKVKeyDeletedException(ulong revision) : NatsKVException("The key was deleted.")
{
    /// <summary>Revision of the deletion.</summary>
    public ulong Revision { get; } = revision;
}

/// <summary>Another writer was faster: the revision is not the last one.</summary>
public sealed class NatsKVWrongLastRevisionException(Exception? innerException = null)
    : NatsKVException("The key has another last revision.", innerException);
