using Google.Protobuf;

namespace Grpc.Core;

/// <summary>
/// Reads and writes <c>grpc-status-details-bin</c>, which carries google.rpc.Status with its details.
/// </summary>
public static class RpcExceptionExtensions
{
    /// <summary>The trailer's name.</summary>
    public const string StatusDetailsTrailer = "grpc-status-details-bin";

    /// <summary>The rich status of a failed call; null where the server sent none, or bytes that are none.</summary>
    public static Google.Rpc.Status? GetRpcStatus(this RpcException exception)
    {
        ArgumentNullException.ThrowIfNull(exception);
        return exception.Trailers.GetRpcStatus(ignoreParseError: true);
    }

    /// <summary>The rich status in trailers; null where there is none.</summary>
    /// <exception cref="InvalidProtocolBufferException">The bytes are no status and not to be ignored.</exception>
    public static Google.Rpc.Status? GetRpcStatus(this Metadata metadata, bool ignoreParseError = false)
    {
        ArgumentNullException.ThrowIfNull(metadata);
        if (metadata.GetValueBytes(StatusDetailsTrailer) is not { } bytes)
            return null;
        try
        {
            return Google.Rpc.Status.Parser.ParseFrom(bytes);
        }
        catch (InvalidProtocolBufferException) when (ignoreParseError)
        {
            return null;
        }
    }

    /// <summary>Puts a rich status into trailers, replacing one that is there.</summary>
    public static void SetRpcStatus(this Metadata metadata, Google.Rpc.Status status)
    {
        ArgumentNullException.ThrowIfNull(metadata);
        ArgumentNullException.ThrowIfNull(status);
        if (metadata.Get(StatusDetailsTrailer) is { } old)
            metadata.Remove(old);
        metadata.Add(StatusDetailsTrailer, status.ToByteArray());
    }
}
