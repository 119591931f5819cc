using Microsoft.Extensions.Logging;

namespace Rag.Metadata.Sqlite;

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
}
