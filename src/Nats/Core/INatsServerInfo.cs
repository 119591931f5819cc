namespace NATS.Client.Core;

/// <summary>What a server says of itself.</summary>
public interface INatsServerInfo
{
    /// <summary>Unique id of the server.</summary>
    string Id { get; }

    /// <summary>Its name.</summary>
    string Name { get; }

    /// <summary>Its version, such as 2.9.10.</summary>
    string Version { get; }

    /// <summary>Its host, as it sees it.</summary>
    string Host { get; }

    /// <summary>Its port for clients.</summary>
    int Port { get; }

    /// <summary>Largest payload with headers, in bytes.</summary>
    int MaxPayload { get; }

    /// <summary>Number of this connection in the server.</summary>
    ulong ClientId { get; }

    /// <summary>Whether JetStream is on.</summary>
    bool JetStreamAvailable { get; }

    /// <summary>Whether messages may have headers.</summary>
    bool HeadersSupported { get; }

    /// <summary>Whether it is about to stop.</summary>
    bool LameDuckMode { get; }

    /// <summary>Name of its cluster, where it has one.</summary>
    string? Cluster { get; }

    /// <summary>Other servers of the cluster that clients may use, as host:port.</summary>
    IReadOnlyList<string> ClientConnectUrls { get; }
}
