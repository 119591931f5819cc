using Microsoft.Extensions.Logging;

namespace Rag.Engine.Storage;

internal static partial class MutationLogMessages
{
    [LoggerMessage(EventId = 1010, Level = LogLevel.Information,
        Message = "Mutation log opened: positions {Begin}–{Until}, {Adopted} commits taken over behind the journal")]
    public static partial void Opened(ILogger logger, long begin, long until, int adopted);

    [LoggerMessage(EventId = 1011, Level = LogLevel.Error,
        Message = "The mutation log's device failed; writes are refused until it works again")]
    public static partial void Faulted(ILogger logger, Exception exception);

    [LoggerMessage(EventId = 1012, Level = LogLevel.Debug, Message = "The mutation log's device still fails: {Reason}")]
    public static partial void StillFaulted(ILogger logger, string reason);

    [LoggerMessage(EventId = 1013, Level = LogLevel.Information,
        Message = "The mutation log was reopened at position {Until}; writes are accepted again")]
    public static partial void Reopened(ILogger logger, long until);

    [LoggerMessage(EventId = 1014, Level = LogLevel.Error,
        Message = "Workspace {WorkspaceUid} is quarantined: {Reason}")]
    public static partial void Quarantined(ILogger logger, Guid workspaceUid, string reason);

    [LoggerMessage(EventId = 1015, Level = LogLevel.Critical, Message = "{Reason}")]
    public static partial void Unattributed(ILogger logger, string reason);

    [LoggerMessage(EventId = 1016, Level = LogLevel.Warning,
        Message = "The commit journal lists nothing between positions {From} and {To} of the mutation log; its own footers "
            + "stand in")]
    public static partial void Unlisted(ILogger logger, long from, long to);

    [LoggerMessage(EventId = 1017, Level = LogLevel.Error,
        Message = "The commit journal of the mutation log is lost; the log's own footers stand in for it")]
    public static partial void JournalLost(ILogger logger);

    [LoggerMessage(EventId = 1018, Level = LogLevel.Information, Message = "{Records} records were replayed")]
    public static partial void Replayed(ILogger logger, long records);

    [LoggerMessage(EventId = 1019, Level = LogLevel.Critical,
        Message = "Applying durable records failed; the log takes no more writes, as memory and disk no longer agree")]
    public static partial void ApplyFailed(ILogger logger, Exception exception);

    [LoggerMessage(EventId = 1020, Level = LogLevel.Critical, Message = "The mutation log's {Loop} loop died")]
    public static partial void LoopDied(ILogger logger, string loop, Exception exception);
}
