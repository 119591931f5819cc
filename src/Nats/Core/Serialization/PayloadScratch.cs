using System.Buffers;

namespace NATS.Client.Core;

/// <summary>A buffer of each thread in which payloads are serialised before their size is known.</summary>
internal static class PayloadScratch
{
    /// <summary>A buffer grown beyond this is not kept.</summary>
    private const int MaxKept = 256 * 1024;

    [ThreadStatic]
    private static ArrayBufferWriter<byte>? _own;

    /// <summary>The thread's buffer, empty; a new one where a serializer publishes while it serialises.</summary>
    public static ArrayBufferWriter<byte> Rent()
    {
        var rented = _own ?? new ArrayBufferWriter<byte>(1024);
        _own = null;
        return rented;
    }

    public static void Return(ArrayBufferWriter<byte> buffer)
    {
        if (buffer.Capacity > MaxKept)
            return;
        buffer.ResetWrittenCount();
        _own = buffer;
    }
}
