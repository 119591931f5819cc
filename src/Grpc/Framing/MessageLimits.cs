using Grpc.Core;

namespace Grpc.Framing;

/// <summary>The largest payloads in bytes, before compression; null is no limit. Immutable.</summary>
internal sealed record MessageLimits(int? MaxSend, int? MaxReceive)
{
    public static readonly MessageLimits None = new(null, null);

    public void CheckSend(int length)
    {
        if (length > MaxSend)
            throw Exhausted($"The message to send has {length} bytes; the limit is {MaxSend}.");
    }

    public void CheckReceive(long length)
    {
        if (length > MaxReceive)
            throw Exhausted($"The received message has {length} bytes; the limit is {MaxReceive}.");
    }

    public RpcException DecompressedTooLarge() =>
        Exhausted($"The received message has more than {MaxReceive} bytes when decompressed, which is the limit.");

    private static RpcException Exhausted(string detail) => new(new Status(StatusCode.ResourceExhausted, detail));
}
