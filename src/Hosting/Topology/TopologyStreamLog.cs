using Microsoft.Extensions.Logging;

namespace Rag.Hosting.Topology;

/// <summary>Log lines of <see cref="TopologyStream"/>.</summary>
internal static partial class TopologyStreamLog
{
    [LoggerMessage(5003, LogLevel.Information, "Topology version {Version} with {Shards} shards is in use.")]
    public static partial void Changed(ILogger logger, long version, int shards);

    [LoggerMessage(5004, LogLevel.Warning, "Topology version {Version} stays in use: {Trouble}")]
    public static partial void Trouble(ILogger logger, long version, string trouble);

    [LoggerMessage(5005, LogLevel.Warning, "Starts with topology version {Version} of {Path}: {Reason}")]
    public static partial void StartedFromFile(ILogger logger, long version, string path, string reason);

    [LoggerMessage(5006, LogLevel.Warning, "Put topology version {Version} back: NATS had come back with version {Older}.")]
    public static partial void Restored(ILogger logger, long version, long older);

    [LoggerMessage(5007, LogLevel.Warning, "The topology kept in {Path} cannot be read and is passed over: {Reason}")]
    public static partial void CopyUnreadable(ILogger logger, string path, string reason);

    [LoggerMessage(5008, LogLevel.Error, "The topology could not be kept in {Path}: {Reason}")]
    public static partial void CopyFailed(ILogger logger, string path, string reason);

    [LoggerMessage(5009, LogLevel.Critical, "The topology is not watched any more.")]
    public static partial void Died(ILogger logger, Exception exception);
}
