namespace NATS.Client.Core;

/// <summary>A handler that is awaited before the next event of the connection is raised.</summary>
public delegate ValueTask AsyncEventHandler<in TEventArgs>(object? sender, TEventArgs args);

/// <summary>Something happened to a connection.</summary>
public class NatsEventArgs(string message) : EventArgs
{
    /// <summary>What happened, and to which server.</summary>
    public string Message { get; } = message;
}

/// <summary>A message was dropped because its subscription was full.</summary>
public sealed class NatsMessageDroppedEventArgs(INatsSub subscription, int pending, long dropped, string subject)
    : NatsEventArgs($"Dropped a message of {subject}: its subscription was full.")
{
    /// <summary>The subscription that is too slow.</summary>
    public INatsSub Subscription { get; } = subscription;

    /// <summary>Messages that waited in it.</summary>
    public int Pending { get; } = pending;

    /// <summary>Messages dropped from it so far, this one included.</summary>
    public long Dropped { get; } = dropped;

    /// <summary>Subject of the message.</summary>
    public string Subject { get; } = subject;
}

/// <summary>A subscription began to drop messages, or to hold up the server. Raised once until it has caught up.</summary>
public sealed class NatsSlowConsumerEventArgs(INatsSub subscription)
    : NatsEventArgs($"The subscription to {subscription.Subject} does not keep up.")
{
    /// <summary>The subscription that is too slow.</summary>
    public INatsSub Subscription { get; } = subscription;
}

/// <summary>The server is about to stop and will end this connection; another one will be found.</summary>
public sealed class NatsLameDuckModeActivatedEventArgs(Uri uri) : NatsEventArgs($"{uri} goes out of service.")
{
    /// <summary>The server.</summary>
    public Uri Uri { get; } = uri;
}

/// <summary>The server sent an error that did not end the connection, such as a denied subject.</summary>
public sealed class NatsServerErrorEventArgs(string error) : NatsEventArgs(error)
{
    /// <summary>What the server said.</summary>
    public string Error => Message;
}
