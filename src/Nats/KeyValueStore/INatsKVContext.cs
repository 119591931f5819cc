using NATS.Client.JetStream;

namespace NATS.Client.KeyValueStore;

/// <summary>Buckets of keys and values, kept in streams. Thread-safe.</summary>
public interface INatsKVContext
{
    /// <summary>JetStream, which keeps them.</summary>
    INatsJSContext JetStreamContext { get; }

    /// <summary>Makes a bucket with all defaults; one that is there with the same settings is returned.</summary>
    ValueTask<INatsKVStore> CreateStoreAsync(string bucket, CancellationToken cancellationToken = default);

    /// <summary>Makes a bucket; one that is there with the same settings is returned.</summary>
    ValueTask<INatsKVStore> CreateStoreAsync(NatsKVConfig config, CancellationToken cancellationToken = default);

    /// <summary>Changes a bucket.</summary>
    ValueTask<INatsKVStore> UpdateStoreAsync(NatsKVConfig config, CancellationToken cancellationToken = default);

    /// <summary>Changes a bucket, or makes it.</summary>
    ValueTask<INatsKVStore> CreateOrUpdateStoreAsync(NatsKVConfig config, CancellationToken cancellationToken = default);

    /// <summary>Looks a bucket up.</summary>
    /// <exception cref="NatsKVException">There is none of that name.</exception>
    ValueTask<INatsKVStore> GetStoreAsync(string bucket, CancellationToken cancellationToken = default);

    /// <summary>Deletes a bucket with all it holds.</summary>
    ValueTask<bool> DeleteStoreAsync(string bucket, CancellationToken cancellationToken = default);

    /// <summary>Names of all buckets.</summary>
    IAsyncEnumerable<string> GetBucketNamesAsync(CancellationToken cancellationToken = default);
}
