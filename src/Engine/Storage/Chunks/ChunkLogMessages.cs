using Microsoft.Extensions.Logging;

namespace Rag.Engine.Storage;

internal static partial class ChunkLogMessages
{
    [LoggerMessage(EventId = 1030, Level = LogLevel.Error,
        Message = "The chunk log's device failed; records wait in memory and new writes are refused")]
    public static partial void Faulted(ILogger logger, Exception exception);

    [LoggerMessage(EventId = 1031, Level = LogLevel.Debug, Message = "The chunk log's device still fails: {Reason}")]
    public static partial void StillFaulted(ILogger logger, string reason);

    [LoggerMessage(EventId = 1032, Level = LogLevel.Information,
        Message = "The chunk log takes records again, from address {Address} on")]
    public static partial void Recovered(ILogger logger, long address);
}
