using Microsoft.Extensions.Logging;

namespace Rag.Router;

/// <summary>Events 7000–7999.</summary>
internal static partial class RouterLog
{
    [LoggerMessage(7000, LogLevel.Error, "{Method} met an unexpected fault")]
    public static partial void Unexpected(ILogger logger, string method, Exception error);

    [LoggerMessage(7001, LogLevel.Information, "Workspace {Workspace} ({Uid}) finished {State} at version {Version}")]
    public static partial void Swept(ILogger logger, string workspace, Guid uid, string state, long version);

    [LoggerMessage(7002, LogLevel.Warning, "Workspace {Workspace} ({Uid}) still waits in {State}; it is tried again")]
    public static partial void SweepPostponed(
        ILogger logger, string workspace, Guid uid, string state, Exception error);

    [LoggerMessage(7003, LogLevel.Error, "The sweeper failed; it goes on at the next turn")]
    public static partial void SweepFailed(ILogger logger, Exception error);

    [LoggerMessage(7005, LogLevel.Warning, "Shard {Shard} at {Address} cannot be reached")]
    public static partial void ShardLost(ILogger logger, string shard, Uri address, Exception error);

    [LoggerMessage(7006, LogLevel.Information, "Shard {Shard} at {Address} can be reached")]
    public static partial void ShardFound(ILogger logger, string shard, Uri address);

    [LoggerMessage(7007, LogLevel.Warning, "Shard {Shard} refuses writes: {Fault}")]
    public static partial void ShardReadOnly(ILogger logger, string shard, string fault);

    [LoggerMessage(7008, LogLevel.Error, "The health loop failed; it goes on at the next turn")]
    public static partial void HealthFailed(ILogger logger, Exception error);

    [LoggerMessage(7009, LogLevel.Warning, "Settings of workspace {Uid} could not be refreshed in the background")]
    public static partial void RefreshFailed(ILogger logger, Guid uid, Exception error);

    [LoggerMessage(7010, LogLevel.Information, "Shard {Shard} was {Before} and is {Now}")]
    public static partial void HealthChanged(
        ILogger logger, string shard, Balancing.ShardHealth before, Balancing.ShardHealth now);

    [LoggerMessage(7020, LogLevel.Warning, "Documents cannot be taken from NATS at present; it is tried again")]
    public static partial void PublishingLost(ILogger logger, Exception error);

    [LoggerMessage(7021, LogLevel.Information, "Documents can be taken from NATS again")]
    public static partial void PublishingFound(ILogger logger);

    [LoggerMessage(7022, LogLevel.Information,
        "The document published with request id {RequestId} was refused with {Status} at delivery {Delivery}")]
    public static partial void PublishedRefused(
        ILogger logger, string requestId, Grpc.Core.StatusCode status, long delivery);

    [LoggerMessage(7030, LogLevel.Warning,
        "The metadata store is away: {Known} workspaces that are known are served with the settings they had")]
    public static partial void MetadataAway(ILogger logger, int known, Exception error);
}
