using System.Buffers;
using Grpc.Core;

namespace Grpc.Framing;

/// <summary>Shows one payload to a marshaller. One a thread, since marshallers are synchronous.</summary>
internal sealed class PayloadContext : DeserializationContext
{
    [ThreadStatic]
    private static PayloadContext? t_cached;

    private ReadOnlySequence<byte> _payload;

    public override int PayloadLength => (int)_payload.Length;

    public static T Deserialize<T>(Func<DeserializationContext, T> deserializer, in ReadOnlySequence<byte> payload)
    {
        // Taken out of its slot, so that a marshaller that deserialises another message gets a context of its own.
        var context = t_cached ?? new PayloadContext();
        t_cached = null;
        context._payload = payload;
        try
        {
            return deserializer(context);
        }
        finally
        {
            context._payload = default;
            t_cached = context;
        }
    }

    public override byte[] PayloadAsNewBuffer() => _payload.ToArray();

    public override ReadOnlySequence<byte> PayloadAsReadOnlySequence() => _payload;
}
