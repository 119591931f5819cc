using Microsoft.Extensions.Logging;
using Rag.Engine;

namespace Rag.Shard.Replication;

internal static partial class ReplicationLog
{
    [LoggerMessage(6200, LogLevel.Error, "Message {Sequence} of partition {Partition} in the shared log cannot be read")]
    public static partial void Unreadable(ILogger logger, int partition, ulong sequence);

    [LoggerMessage(6201, LogLevel.Information,
        "Partition {Partition} follows the log in epoch {Epoch} from sequence {Sequence}, at {Stamp}")]
    public static partial void Following(ILogger logger, int partition, uint epoch, ulong sequence, WriteStamp stamp);

    [LoggerMessage(6202, LogLevel.Warning,
        "The log has lost mutations of partition {Partition} that are durable here, up to {Stamp}")]
    public static partial void LostTail(ILogger logger, int partition, WriteStamp stamp);

    [LoggerMessage(6203, LogLevel.Information,
        "Epoch {Epoch} of partition {Partition} begins behind {At}; {Republished} mutations were published again")]
    public static partial void EpochBegun(ILogger logger, int partition, uint epoch, WriteStamp at, int republished);

    [LoggerMessage(6204, LogLevel.Warning,
        "The others went on without {Count} mutations of partition {Partition} behind {Stamp}; they are brought to them")]
    public static partial void Orphaned(ILogger logger, int partition, int count, WriteStamp stamp);

    [LoggerMessage(6205, LogLevel.Information, "All mutations of partition {Partition} that only this replica had are back")]
    public static partial void OrphansBack(ILogger logger, int partition);

    [LoggerMessage(6206, LogLevel.Warning, "The replica of partition {Partition} must copy snapshots: {Reason}")]
    public static partial void Behind(ILogger logger, int partition, string reason);

    [LoggerMessage(6207, LogLevel.Warning, "Partition {Partition} waits for the log: {Reason}")]
    public static partial void Waiting(ILogger logger, int partition, string reason);

    [LoggerMessage(6208, LogLevel.Error, "Partition {Partition} met an unexpected fault; it tries again")]
    public static partial void Unexpected(ILogger logger, int partition, Exception exception);

    [LoggerMessage(6209, LogLevel.Debug, "Partition {Partition} looks again where it stands: {Reason}")]
    public static partial void LookingAgain(ILogger logger, int partition, string reason);

    [LoggerMessage(6210, LogLevel.Warning, "Looking after the log's streams failed; it is tried again: {Reason}")]
    public static partial void WatchFailed(ILogger logger, string reason);

    [LoggerMessage(6211, LogLevel.Debug, "Stream {Stream} trimmed before sequence {Sequence}")]
    public static partial void Trimmed(ILogger logger, int stream, ulong sequence);

    [LoggerMessage(6212, LogLevel.Error, "A background part of the replication died")]
    public static partial void Died(ILogger logger, Exception exception);

    [LoggerMessage(6213, LogLevel.Warning, "The log's streams cannot be made; it is tried again: {Reason}")]
    public static partial void NoPlace(ILogger logger, string reason);
}
