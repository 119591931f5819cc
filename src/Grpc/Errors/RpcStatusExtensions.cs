using Google.Protobuf;
using Grpc.Core;

namespace Google.Rpc;

/// <summary>From google.rpc.Status, with its details, to what gRPC throws.</summary>
public static class RpcStatusExtensions
{
    /// <summary>An exception that carries code, message and details to the caller.</summary>
    public static RpcException ToRpcException(this Status status)
    {
        ArgumentNullException.ThrowIfNull(status);
        return status.ToRpcException((StatusCode)status.Code, status.Message);
    }

    /// <summary>An exception with another code and message than the details are sent with.</summary>
    public static RpcException ToRpcException(this Status status, StatusCode statusCode, string message)
    {
        ArgumentNullException.ThrowIfNull(status);
        var trailers = new Metadata();
        trailers.SetRpcStatus(status);
        return new RpcException(new Grpc.Core.Status(statusCode, message), trailers);
    }

    /// <summary>The first detail of a type, for instance <c>BadRequest</c> or <c>RetryInfo</c>, or null.</summary>
    public static T? GetDetail<T>(this Status status)
        where T : class, IMessage<T>, new()
    {
        ArgumentNullException.ThrowIfNull(status);
        var descriptor = new T().Descriptor;
        foreach (var detail in status.Details)
        {
            if (detail.Is(descriptor))
                return detail.Unpack<T>();
        }

        return null;
    }
}
