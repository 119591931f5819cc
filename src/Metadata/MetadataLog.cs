using Microsoft.Extensions.Logging;

namespace Rag.Metadata;

/// <summary>Events 4000–4999.</summary>
internal static partial class MetadataLog
{
    [LoggerMessage(4000, LogLevel.Information, "Metadata store {Path} brought from schema version {From} to {To}")]
    public static partial void Migrated(ILogger logger, string path, int from, int to);

    [LoggerMessage(4001, LogLevel.Error, "A write to {Path} failed")]
    public static partial void WriteFailed(ILogger logger, string path, Exception error);

    [LoggerMessage(4002, LogLevel.Warning,
        "Space of deleted files in {Path} could not be given back; it is tried again")]
    public static partial void VacuumFailed(ILogger logger, string path, Exception error);

    [LoggerMessage(4010, LogLevel.Warning,
        "Changes by other processes are not heard of at once, since {Servers} cannot be listened to; it is tried again")]
    public static partial void NotListening(ILogger logger, string servers, Exception error);

    [LoggerMessage(4011, LogLevel.Debug, "Other processes were not told of changes through {Servers}; they look themselves")]
    public static partial void NotTold(ILogger logger, string servers, Exception error);

    [LoggerMessage(4012, LogLevel.Information, "Table {Table}: {Made} partitions made, {Dropped} dropped")]
    public static partial void Partitioned(ILogger logger, string table, int made, int dropped);

    [LoggerMessage(4013, LogLevel.Warning, "Upkeep of the metadata database {Servers} failed; it is tried again")]
    public static partial void MaintenanceFailed(ILogger logger, string servers, Exception error);

    [LoggerMessage(4014, LogLevel.Warning,
        "None of {Servers} is primary: replicas are read from, and what needs the primary waits for it")]
    public static partial void NoPrimary(ILogger logger, string servers);
}
