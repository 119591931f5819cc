using Microsoft.Extensions.Logging;

namespace Rag.Engine.Storage;

internal static partial class ManifestLog
{
    [LoggerMessage(EventId = 1040, Level = LogLevel.Debug,
        Message = "Manifest generation {Generation} written: {Entries} entries, {Bytes} bytes")]
    public static partial void Rewritten(ILogger logger, ulong generation, int entries, long bytes);

    [LoggerMessage(EventId = 1041, Level = LogLevel.Warning,
        Message = "Manifest generation {Generation} is damaged or its last entry is torn; reconciling with the "
            + "snapshot files")]
    public static partial void Damaged(ILogger logger, ulong generation);

    [LoggerMessage(EventId = 1042, Level = LogLevel.Warning,
        Message = "{Count} snapshots were found that the manifest did not know; they are used")]
    public static partial void Adopted(ILogger logger, int count);

    [LoggerMessage(EventId = 1043, Level = LogLevel.Error, Message = "A snapshot of slice {Slice} cannot be used")]
    public static partial void NotAdopted(ILogger logger, SliceId slice, Exception exception);
}
