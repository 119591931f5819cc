using NATS.Client.JetStream;
using NATS.Client.KeyValueStore;

namespace NATS.Net;

/// <summary>From JetStream to buckets.</summary>
public static class NatsKVExtensions
{
    /// <summary>Buckets over this JetStream.</summary>
    public static INatsKVContext CreateKeyValueStoreContext(this INatsJSContext context) => new NatsKVContext(context);
}
