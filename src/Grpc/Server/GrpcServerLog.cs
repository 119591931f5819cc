using Grpc.Core;
using Microsoft.Extensions.Logging;

namespace Grpc.AspNetCore.Server;

/// <summary>Every event that the server logs; ids 2000–2049.</summary>
internal static partial class GrpcServerLog
{
    [LoggerMessage(2000, LogLevel.Error, "The handler of {Method} failed.")]
    public static partial void HandlerFailed(ILogger logger, string method, Exception exception);

    [LoggerMessage(2001, LogLevel.Debug, "{Method} ended with {StatusCode}.")]
    public static partial void CallRefused(ILogger logger, string method, StatusCode statusCode, Exception? exception);

    [LoggerMessage(2002, LogLevel.Debug, "The deadline of {Method} passed.")]
    public static partial void DeadlinePassed(ILogger logger, string method);

    [LoggerMessage(2003, LogLevel.Debug, "{Method} was cancelled.")]
    public static partial void CallCancelled(ILogger logger, string method);

    [LoggerMessage(2004, LogLevel.Error, "A message of {Method} could not be serialised; its stream was reset.")]
    public static partial void BrokenFrame(ILogger logger, string method, Exception exception);

    [LoggerMessage(2005, LogLevel.Warning, "A resource of a call of {Method} could not be disposed.")]
    public static partial void DisposeFailed(ILogger logger, string method, Exception exception);

    [LoggerMessage(2006, LogLevel.Debug, "A request to {Path} was refused: {Reason}")]
    public static partial void RequestRefused(ILogger logger, string path, string reason);

    [LoggerMessage(2007, LogLevel.Debug, "Unknown method {Path}.")]
    public static partial void UnknownMethod(ILogger logger, string path);
}
