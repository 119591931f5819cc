using System.Buffers.Binary;

namespace Rag.Engine.Storage;

/// <summary>Sequences of partitions as bytes: partition 4, zero 4, last sequence 8, little endian.</summary>
internal static class PartitionTable
{
    public const int EntryLength = 16;

    /// <summary>Writes the entries; returns what is left of the destination.</summary>
    public static Span<byte> Write(Span<byte> to, ReadOnlySpan<PartitionSequence> partitions)
    {
        foreach (var partition in partitions)
        {
            BinaryPrimitives.WriteInt32LittleEndian(to, partition.Partition);
            BinaryPrimitives.WriteInt32LittleEndian(to[4..], 0);
            BinaryPrimitives.WriteUInt64LittleEndian(to[8..], partition.Last);
            to = to[EntryLength..];
        }
        return to;
    }

    public static PartitionSequence[] Read(ReadOnlySpan<byte> from, int count)
    {
        var partitions = new PartitionSequence[count];
        for (var i = 0; i < count; i++)
        {
            var entry = from[(i * EntryLength)..];
            partitions[i] = new PartitionSequence(
                BinaryPrimitives.ReadInt32LittleEndian(entry), BinaryPrimitives.ReadUInt64LittleEndian(entry[8..]));
        }
        return partitions;
    }
}
