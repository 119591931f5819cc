using System.Threading.Channels;

namespace NATS.Client.Core;

/// <summary>Options of a subscription.</summary>
public sealed record NatsSubOpts
{
    /// <summary>Messages after which the subscription ends by itself (no limit).</summary>
    public int? MaxMsgs { get; init; }

    /// <summary>For requests: how long to wait for the reply (<see cref="NatsOpts.RequestTimeout"/>).</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>The queue of messages; null values fall back to <see cref="NatsOpts"/>.</summary>
    public NatsSubChannelOpts? ChannelOpts { get; init; }
}

/// <summary>The queue of a subscription.</summary>
public sealed record NatsSubChannelOpts
{
    /// <summary>Messages that may wait (<see cref="NatsOpts.SubPendingChannelCapacity"/>).</summary>
    public int? Capacity { get; init; }

    /// <summary>Bytes that may wait (<see cref="NatsOpts.SubPendingBytes"/>).</summary>
    public long? MaxBytes { get; init; }

    /// <summary>What to do when it is full (<see cref="NatsOpts.SubPendingChannelFullMode"/>).</summary>
    public BoundedChannelFullMode? FullMode { get; init; }
}
