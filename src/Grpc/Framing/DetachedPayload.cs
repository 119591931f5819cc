using System.Buffers;
using Grpc.Core;

namespace Grpc.Framing;

/// <summary>Uses a contextual marshaller on arrays, away from any call.</summary>
internal static class DetachedPayload
{
    public static byte[] Serialize<T>(Action<T, SerializationContext> serializer, T message)
    {
        using var buffer = new PooledBuffer();
        MessageSerializationContext.Write(buffer, serializer, message, MessageLimits.None, null);
        return buffer.Written.Span[MessageHeader.Size..].ToArray();
    }

    public static T Deserialize<T>(Func<DeserializationContext, T> deserializer, byte[] bytes) =>
        PayloadContext.Deserialize(deserializer, new ReadOnlySequence<byte>(bytes));
}
