using Microsoft.Extensions.Logging;

namespace Rag.Shard.Replicas;

/// <summary>Events 6110–6129.</summary>
internal static partial class ReplicaMessages
{
    [LoggerMessage(6110, LogLevel.Information, "Partition {Partition} is copied from shard {Shard}")]
    public static partial void Copying(ILogger logger, int partition, string shard);

    [LoggerMessage(6111, LogLevel.Information, "The replica of partition {Partition} is ready at {Stamp}")]
    public static partial void Joined(ILogger logger, int partition, string stamp);

    [LoggerMessage(6112, LogLevel.Information, "Partition {Partition} is dropped: other shards hold it")]
    public static partial void Dropped(ILogger logger, int partition);

    [LoggerMessage(6113, LogLevel.Warning, "Partition {Partition}: {Work} did not succeed; it is tried again")]
    public static partial void Postponed(ILogger logger, int partition, string work, Exception error);

    [LoggerMessage(6114, LogLevel.Information, "Partition {Partition} is too far behind for the log; it is copied anew")]
    public static partial void Behind(ILogger logger, int partition, Exception error);

    [LoggerMessage(6116, LogLevel.Warning,
        "The replica of partition {Partition} answers no more until it is copied anew: {Reason}")]
    public static partial void LeftReady(ILogger logger, int partition, string reason);

    [LoggerMessage(6115, LogLevel.Error, "Looking at the topology failed; it is looked at again")]
    public static partial void LookFailed(ILogger logger, Exception error);
}
