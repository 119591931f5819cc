using Microsoft.Extensions.Logging;
using Rag.Engine.Storage;

namespace Rag.Engine;

internal static partial class StoreLog
{
    [LoggerMessage(EventId = 1100, Level = LogLevel.Information,
        Message = "Store opened: {Slices} slices, log position {Position}, took {ElapsedMs} ms")]
    public static partial void Opened(ILogger logger, int slices, long position, long elapsedMs);

    [LoggerMessage(EventId = 1101, Level = LogLevel.Error, Message = "Slice {Slice} is quarantined: {Reason}")]
    public static partial void Quarantined(ILogger logger, SliceId slice, string reason, Exception? exception);

    [LoggerMessage(EventId = 1102, Level = LogLevel.Warning,
        Message = "An old snapshot of slice {Slice} cannot be deleted")]
    public static partial void SnapshotNotDeleted(ILogger logger, SliceId slice, Exception exception);

    [LoggerMessage(EventId = 1103, Level = LogLevel.Error,
        Message = "The manifest cannot be written; it is tried again")]
    public static partial void ManifestNotWritten(ILogger logger, Exception exception);

    [LoggerMessage(EventId = 1104, Level = LogLevel.Error,
        Message = "Slice {Slice} cannot be snapshotted; it is tried again")]
    public static partial void SnapshotFailed(ILogger logger, SliceId slice, Exception exception);

    [LoggerMessage(EventId = 1105, Level = LogLevel.Debug,
        Message = "Slice {Slice} snapshotted at {Stamp}: {Bytes} bytes in {ElapsedMs} ms")]
    public static partial void Snapshotted(ILogger logger, SliceId slice, WriteStamp stamp, long bytes, long elapsedMs);

    [LoggerMessage(EventId = 1106, Level = LogLevel.Error, Message = "Maintenance of the store failed; it goes on")]
    public static partial void MaintenanceFailed(ILogger logger, Exception exception);

    [LoggerMessage(EventId = 1107, Level = LogLevel.Debug, Message = "Mutation log cut at position {Position}")]
    public static partial void LogCut(ILogger logger, long position);

    [LoggerMessage(EventId = 1108, Level = LogLevel.Information,
        Message = "Chunk log cleaned up to {Address}: {Slices} slices, {Bytes} bytes copied")]
    public static partial void ChunkLogCleaned(ILogger logger, long address, int slices, long bytes);

    [LoggerMessage(EventId = 1109, Level = LogLevel.Warning,
        Message = "The chunk log is not cleaned beyond {Address}: quarantined slice {Slice} has texts there")]
    public static partial void CleaningBlocked(ILogger logger, long address, SliceId slice);

    [LoggerMessage(EventId = 1110, Level = LogLevel.Warning,
        Message = "A generation of a document of slice {Slice} was staged long ago and never committed; it is dropped")]
    public static partial void GenerationExpired(ILogger logger, SliceId slice);

    [LoggerMessage(EventId = 1120, Level = LogLevel.Information,
        Message = "Partition {Partition} was dropped with {Slices} slices")]
    public static partial void PartitionDropped(ILogger logger, int partition, int slices);

    [LoggerMessage(EventId = 1121, Level = LogLevel.Information,
        Message = "Partition {Partition} was copied: {Slices} slices, {Bytes} bytes; its log is needed from {Stamp} on")]
    public static partial void PartitionImported(
        ILogger logger, int partition, int slices, long bytes, WriteStamp stamp);
}
