using Microsoft.Extensions.Logging;

namespace NATS.Client.Core;

/// <summary>The log lines of the NATS client. Subjects and sizes, never payloads or credentials.</summary>
internal static partial class NatsLog
{
    [LoggerMessage(10000, LogLevel.Information, "Connected to NATS server {Server}, version {Version}.")]
    public static partial void Connected(this ILogger logger, string server, string version);

    [LoggerMessage(10001, LogLevel.Warning, "Lost the connection to NATS server {Server}: {Reason}")]
    public static partial void Disconnected(this ILogger logger, string server, string reason);

    [LoggerMessage(10002, LogLevel.Warning, "No NATS server could be reached in round {Round}: {Reason} The next one follows in {WaitMs} ms.")]
    public static partial void ReconnectFailed(this ILogger logger, int round, string reason, long waitMs);

    [LoggerMessage(10003, LogLevel.Error, "Gives up on NATS: {Reason}")]
    public static partial void GaveUp(this ILogger logger, string reason);

    [LoggerMessage(10004, LogLevel.Warning, "The subscription to {Subject} does not keep up.")]
    public static partial void SlowConsumer(this ILogger logger, string subject);

    [LoggerMessage(10005, LogLevel.Warning, "NATS server {Server} says: {Error}")]
    public static partial void ServerError(this ILogger logger, string server, string error);

    [LoggerMessage(10006, LogLevel.Warning, "NATS server {Server} goes out of service.")]
    public static partial void LameDuck(this ILogger logger, string server);

    [LoggerMessage(10007, LogLevel.Error, "A handler of a NATS event failed.")]
    public static partial void EventHandlerFailed(this ILogger logger, Exception exception);

    [LoggerMessage(10008, LogLevel.Warning, "A NATS event {Event} was left out: its handlers are too slow.")]
    public static partial void EventLost(this ILogger logger, string @event);

    [LoggerMessage(10009, LogLevel.Warning, "A handler of a NATS event did not end; the connection is closed without it.")]
    public static partial void EventHandlerHangs(this ILogger logger);

    [LoggerMessage(10010, LogLevel.Error, "The task of a NATS connection ended by an error of its own.")]
    public static partial void LoopFailed(this ILogger logger, Exception exception);
}
