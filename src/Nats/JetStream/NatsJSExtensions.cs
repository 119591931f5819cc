using NATS.Client.Core;
using NATS.Client.JetStream;

namespace NATS.Net;

/// <summary>From a connection to JetStream.</summary>
public static class NatsJSExtensions
{
    /// <summary>JetStream over this connection.</summary>
    public static INatsJSContext CreateJetStreamContext(this INatsConnection connection, NatsJSOpts? opts = null) =>
        new NatsJSContext(connection, opts ?? new NatsJSOpts());
}
