using System.Buffers;
using System.Buffers.Binary;

namespace Grpc.Framing;

/// <summary>
/// What stands before every message on the wire:
/// <code>
///   byte 0        1 ........ 4
///   compressed    length, big-endian, of the payload that follows
///   (0 or 1)
/// </code>
/// </summary>
internal static class MessageHeader
{
    public const int Size = 5;

    public static void Write(IBufferWriter<byte> output, bool compressed, int length)
    {
        var header = output.GetSpan(Size);
        header[0] = compressed ? (byte)1 : (byte)0;
        BinaryPrimitives.WriteUInt32BigEndian(header[1..], (uint)length);
        output.Advance(Size);
    }

    /// <summary>Reads a header; false where the buffer is shorter than one. The flag is not checked here.</summary>
    public static bool TryRead(in ReadOnlySequence<byte> buffer, out byte flag, out uint length)
    {
        var first = buffer.FirstSpan;
        if (first.Length >= Size)
        {
            flag = first[0];
            length = BinaryPrimitives.ReadUInt32BigEndian(first[1..]);
            return true;
        }

        return TryReadSplit(buffer, out flag, out length);
    }

    private static bool TryReadSplit(in ReadOnlySequence<byte> buffer, out byte flag, out uint length)
    {
        flag = 0;
        length = 0;
        if (buffer.Length < Size)
            return false;
        Span<byte> header = stackalloc byte[Size];
        buffer.Slice(0, Size).CopyTo(header);
        flag = header[0];
        length = BinaryPrimitives.ReadUInt32BigEndian(header[1..]);
        return true;
    }
}
