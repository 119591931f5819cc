using System.Buffers.Binary;

namespace Rag.Engine.Storage;

/// <summary>Which numbers a workspace's records in a group commit have.</summary>
internal readonly record struct WorkspaceRange(Guid WorkspaceUid, ulong First, ulong Last);

/// <summary>The last sequence of a partition.</summary>
internal readonly record struct PartitionSequence(int Partition, ulong Last);

/// <summary>
/// What a group commit consists of. Written twice: in the log behind the commit's records, as its footer, and in the
/// commit journal, so that whichever of them is damaged, the other tells which workspaces lost what.
/// <code>
///   0  8  number of the commit, dense       24  8  log number of its last mutation; its footer has the next one
///   8  8  position where it begins          32  4  workspaces, w      36  4  partitions, p
///  16  8  log number of its first mutation  40  …  w · (uid 16, first number 8, last number 8)
///                                            …  …  p · (partition 4, zero 4, last sequence 8)
/// </code>
/// Little endian.
/// </summary>
internal sealed record CommitInfo(
    ulong Number,
    long Start,
    ulong FirstLogNumber,
    ulong LastLogNumber,
    WorkspaceRange[] Workspaces,
    PartitionSequence[] Partitions)
{
    private const int FixedLength = 40;
    private const int WorkspaceLength = 32;
    private const int PartitionLength = 16;

    /// <summary>Log number of the commit's footer.</summary>
    public ulong FooterLogNumber => LastLogNumber + 1;

    public int EncodedLength =>
        FixedLength + (Workspaces.Length * WorkspaceLength) + (Partitions.Length * PartitionLength);

    public void WriteTo(Span<byte> to)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(to, Number);
        BinaryPrimitives.WriteInt64LittleEndian(to[8..], Start);
        BinaryPrimitives.WriteUInt64LittleEndian(to[16..], FirstLogNumber);
        BinaryPrimitives.WriteUInt64LittleEndian(to[24..], LastLogNumber);
        BinaryPrimitives.WriteInt32LittleEndian(to[32..], Workspaces.Length);
        BinaryPrimitives.WriteInt32LittleEndian(to[36..], Partitions.Length);
        to = to[FixedLength..];
        foreach (var workspace in Workspaces)
        {
            workspace.WorkspaceUid.TryWriteBytes(to);
            BinaryPrimitives.WriteUInt64LittleEndian(to[16..], workspace.First);
            BinaryPrimitives.WriteUInt64LittleEndian(to[24..], workspace.Last);
            to = to[WorkspaceLength..];
        }
        to = PartitionTable.Write(to, Partitions);
    }

    /// <summary>Reads bytes whose checksum was right; null if they are no commit all the same.</summary>
    public static CommitInfo? TryRead(ReadOnlySpan<byte> from)
    {
        if (from.Length < FixedLength)
            return null;
        var workspaceCount = BinaryPrimitives.ReadInt32LittleEndian(from[32..]);
        var partitionCount = BinaryPrimitives.ReadInt32LittleEndian(from[36..]);
        var tables = from[FixedLength..];
        if (workspaceCount < 0 || partitionCount < 0
            || ((long)workspaceCount * WorkspaceLength) + ((long)partitionCount * PartitionLength) > tables.Length)
            return null;
        var workspaces = new WorkspaceRange[workspaceCount];
        for (var i = 0; i < workspaceCount; i++)
        {
            var entry = tables[(i * WorkspaceLength)..];
            workspaces[i] = new WorkspaceRange(
                new Guid(entry[..16]),
                BinaryPrimitives.ReadUInt64LittleEndian(entry[16..]),
                BinaryPrimitives.ReadUInt64LittleEndian(entry[24..]));
        }
        return new CommitInfo(
            BinaryPrimitives.ReadUInt64LittleEndian(from),
            BinaryPrimitives.ReadInt64LittleEndian(from[8..]),
            BinaryPrimitives.ReadUInt64LittleEndian(from[16..]),
            BinaryPrimitives.ReadUInt64LittleEndian(from[24..]),
            workspaces,
            PartitionTable.Read(tables[(workspaceCount * WorkspaceLength)..], partitionCount));
    }
}
