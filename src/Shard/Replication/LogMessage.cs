using System.Buffers.Binary;
using K4os.Hash.xxHash;
using Rag.Engine;
using Rag.Engine.Storage;

namespace Rag.Shard.Replication;

/// <summary>What a message of the shared log is. The numbers are stored: never change them.</summary>
internal enum LogMessageType : byte
{
    /// <summary>A mutation; its place is the message's: the epoch and the sequence in the stream.</summary>
    Mutation = 1,

    /// <summary>A mutation that the stream had lost, with the place that it had.</summary>
    Republished = 2,

    /// <summary>An epoch begins here.</summary>
    Epoch = 3,
}

/// <summary>
/// A message of the shared log.
/// <code>
///  0 4 "RLM1"      4 1 type   5 1 kind   6 2 zero      8 8 xxHash64 of 16–
/// 16 4 epoch      20 4 partition        24 16 workspace uid           40 16 mutation id
/// 56 4 place's epoch   60 4 origin's epoch   64 8 place's sequence   72 8 origin's sequence
/// 80 … payload, through the codec
/// </code>
/// Little endian.
/// </summary>
internal sealed record LogMessage(
    LogMessageType Type, uint Epoch, SliceId Slice, byte Kind, Guid MutationId, WriteStamp Place, WriteStamp Origin,
    ReadOnlyMemory<byte> Payload)
{
    public const int HeaderLength = 80;

    private static ReadOnlySpan<byte> Magic => "RLM1"u8;

    /// <summary>The message that begins an epoch.</summary>
    public static LogMessage Begin(int partition, uint epoch) => new(
        LogMessageType.Epoch, epoch, new SliceId(Guid.Empty, partition), 0, Guid.Empty, default, default, default);

    /// <summary>A mutation that the stream lost.</summary>
    public static LogMessage Again(uint epoch, in OrderedMutation mutation) => new(
        LogMessageType.Republished, epoch, mutation.Slice, mutation.Kind, mutation.MutationId, mutation.Stamp,
        mutation.Origin, mutation.Payload);

    public byte[] ToBytes()
    {
        var bytes = new byte[HeaderLength + Payload.Length];
        var to = bytes.AsSpan();
        Magic.CopyTo(to);
        to[4] = (byte)Type;
        to[5] = Kind;
        BinaryPrimitives.WriteUInt32LittleEndian(to[16..], Epoch);
        BinaryPrimitives.WriteInt32LittleEndian(to[20..], Slice.Partition);
        Slice.WorkspaceUid.TryWriteBytes(to[24..]);
        MutationId.TryWriteBytes(to[40..]);
        BinaryPrimitives.WriteUInt32LittleEndian(to[56..], Place.Epoch);
        BinaryPrimitives.WriteUInt32LittleEndian(to[60..], Origin.Epoch);
        BinaryPrimitives.WriteUInt64LittleEndian(to[64..], Place.Sequence);
        BinaryPrimitives.WriteUInt64LittleEndian(to[72..], Origin.Sequence);
        Payload.Span.CopyTo(to[HeaderLength..]);
        BinaryPrimitives.WriteUInt64LittleEndian(to[8..], XXH64.DigestOf(to[16..]));
        return bytes;
    }

    /// <summary>Reads a message; null where it is none, or damaged. The payload points into the bytes.</summary>
    public static LogMessage? TryRead(ReadOnlyMemory<byte> bytes)
    {
        var from = bytes.Span;
        if (from.Length < HeaderLength || !from.StartsWith(Magic)
            || BinaryPrimitives.ReadUInt64LittleEndian(from[8..]) != XXH64.DigestOf(from[16..])
            || (LogMessageType)from[4] is < LogMessageType.Mutation or > LogMessageType.Epoch)
            return null;
        return new LogMessage(
            (LogMessageType)from[4],
            BinaryPrimitives.ReadUInt32LittleEndian(from[16..]),
            new SliceId(new Guid(from.Slice(24, 16)), BinaryPrimitives.ReadInt32LittleEndian(from[20..])),
            from[5],
            new Guid(from.Slice(40, 16)),
            new WriteStamp(
                BinaryPrimitives.ReadUInt32LittleEndian(from[56..]), BinaryPrimitives.ReadUInt64LittleEndian(from[64..])),
            new WriteStamp(
                BinaryPrimitives.ReadUInt32LittleEndian(from[60..]), BinaryPrimitives.ReadUInt64LittleEndian(from[72..])),
            bytes[HeaderLength..]);
    }
}
