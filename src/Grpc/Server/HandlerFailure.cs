using Grpc.Core;
using Grpc.Framing;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Grpc.AspNetCore.Server;

/// <summary>
/// The one place where a handler's exception becomes a status. What is not meant for callers is logged here, once,
/// and told to them as UNKNOWN without its text.
/// </summary>
internal static class HandlerFailure
{
    private static readonly Status Unexpected = new(StatusCode.Unknown, "The handler of this call failed.");

    public static Status ToStatus(Exception exception, GrpcServerCallContext context, bool detailedErrors, ILogger log)
    {
        if (exception is RpcException refused)
        {
            GrpcServerLog.CallRefused(log, context.Method, refused.StatusCode, refused);
            AddTrailers(context, refused.Trailers);
            return refused.Status;
        }

        if (context.IsDeadlineExceeded)
            return new Status(StatusCode.DeadlineExceeded, "The deadline passed.");
        if (context.IsStopping && exception is OperationCanceledException)
            return new Status(StatusCode.Unavailable, "The server is stopping; try another one.");
        if (context.IsCancelled && exception is (OperationCanceledException or IOException))
        {
            GrpcServerLog.CallCancelled(log, context.Method);
            return new Status(StatusCode.Cancelled, "The call was cancelled.");
        }

        if (exception is BadHttpRequestException bad)
        {
            GrpcServerLog.CallRefused(log, context.Method, StatusCode.Internal, bad);
            return new Status(StatusCode.Internal, bad.Message);
        }

        if (exception is BrokenFrameException)
        {
            GrpcServerLog.BrokenFrame(log, context.Method, exception);
            return new Status(StatusCode.Internal, "A response could not be serialised.");
        }

        GrpcServerLog.HandlerFailed(log, context.Method, exception);
        return detailedErrors
            ? new Status(StatusCode.Unknown, $"{Unexpected.Detail} {exception.GetType().Name}: {exception.Message}")
            : Unexpected;
    }

    private static void AddTrailers(ServerCallContext context, Metadata trailers)
    {
        foreach (var entry in trailers)
            context.ResponseTrailers.Add(entry);
    }
}
