namespace NATS.Client.Core;

/// <summary>State of a connection.</summary>
public enum NatsConnectionState
{
    /// <summary>Not yet connected, or disposed.</summary>
    Closed,

    /// <summary>Messages flow.</summary>
    Open,

    /// <summary>The first connection is being made.</summary>
    Connecting,

    /// <summary>The connection was lost; servers are tried again.</summary>
    Reconnecting,

    /// <summary>Given up for good: credentials refused twice, or all retries used.</summary>
    Failed,
}
