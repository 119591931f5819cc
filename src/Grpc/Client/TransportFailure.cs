using System.Net.Http;
using Grpc.Core;
using Grpc.Framing;

namespace Grpc.Net.Client;

/// <summary>What a failure of the connection or the stream means to the caller.</summary>
internal static class TransportFailure
{
    private const long ProtocolError = 0x1;
    private const long RefusedStream = 0x7;

    /// <summary>Whether the server says that it has not looked at the call at all.</summary>
    public static bool IsRefusedUnseen(Exception exception)
    {
        for (var e = exception; e is not null; e = e.InnerException)
        {
            if (e is HttpProtocolException { ErrorCode: RefusedStream })
                return true;
        }

        return false;
    }

    public static Status ToStatus(Exception exception)
    {
        for (var e = exception; e is not null; e = e.InnerException)
        {
            if (e is HttpProtocolException { ErrorCode: not 0 } protocol)
            {
                if (IsSilent(protocol))
                    return new Status(StatusCode.Unavailable, "The server does not answer any more.", exception);
                return new Status(HttpStatusMapping.FromHttp2Error(protocol.ErrorCode),
                    $"The server reset the call: {protocol.Message}", exception);
            }
        }

        return exception switch
        {
            RpcException rpc => rpc.Status,
            // The server speaks no HTTP/2 or broke the rules of HTTP: trying again does not help.
            HttpRequestException { HttpRequestError: HttpRequestError.VersionNegotiationError } =>
                new Status(StatusCode.Internal, $"The server does not speak HTTP/2: {exception.Message}", exception),
            HttpRequestException or IOException =>
                new Status(StatusCode.Unavailable, $"The server cannot be reached: {exception.Message}", exception),
            OperationCanceledException => new Status(StatusCode.Cancelled, "The call was cancelled.", exception),
            ObjectDisposedException => new Status(StatusCode.Unavailable, "The channel was shut down.", exception),
            _ => new Status(StatusCode.Internal, $"The call failed: {exception.Message}", exception),
        };
    }

    /// <summary>
    /// Whether this side gave the connection up because a ping was not answered. It comes with the code of a broken
    /// protocol, which no server sent; only the option that its text names tells it apart.
    /// </summary>
    private static bool IsSilent(HttpProtocolException exception) =>
        exception.ErrorCode == ProtocolError
        && exception.Message.Contains(nameof(SocketsHttpHandler.KeepAlivePingDelay), StringComparison.Ordinal);
}
