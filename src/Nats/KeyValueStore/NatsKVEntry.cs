using NATS.Client.Core;
using NATS.Client.JetStream.Models;

namespace NATS.Client.KeyValueStore;

/// <summary>What happened to a key.</summary>
public enum NatsKVOperation
{
    /// <summary>It was given a value.</summary>
    Put,

    /// <summary>It was deleted; earlier revisions are kept.</summary>
    Del,

    /// <summary>It was deleted with all earlier revisions.</summary>
    Purge,
}

/// <summary>A revision of a key.</summary>
/// <param name="Bucket">The bucket.</param>
/// <param name="Key">The key.</param>
public readonly record struct NatsKVEntry<T>(string Bucket, string Key)
{
    /// <summary>The value; default for deletions.</summary>
    public T? Value { get; init; }

    /// <summary>The revision: a sequence of the bucket, not of the key.</summary>
    public ulong Revision { get; init; }

    /// <summary>In a watch: how many are still to come of what was there when it began.</summary>
    public ulong Delta { get; init; }

    /// <summary>When it was written.</summary>
    public DateTimeOffset Created { get; init; }

    /// <summary>What happened.</summary>
    public NatsKVOperation Operation { get; init; }

    /// <summary>Set where the value could not be deserialized.</summary>
    public NatsException? Error { get; init; }

    /// <exception cref="NatsException">The value could not be deserialized.</exception>
    public void EnsureSuccess()
    {
        if (Error is not null)
            throw Error;
    }
}

/// <summary>A bucket as the server knows it.</summary>
/// <param name="Bucket">The bucket.</param>
/// <param name="Info">Its stream.</param>
public sealed record NatsKVStatus(string Bucket, StreamInfo Info);
