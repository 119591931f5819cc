using System.Buffers.Binary;

namespace Rag.Engine.Storage;

/// <summary>What the log knew of itself when a journal file was begun, or when the log was truncated.</summary>
internal sealed record JournalBase(
    ulong LastLogNumber, ulong LastCommitNumber, PartitionSequence[] Partitions);

/// <summary>
/// An entry of the commit journal: a group commit that is on stable storage, or a base.
/// <code>
///   0  4  "RCJ1"                        16  4  session     20  4  zero
///   4  4  CRC-32C of 8–                 24  8  first position of the log that is still needed
///   8  4  length, a multiple of 8       32  8  position behind the last committed record
///  12  1  1 base, 2 commit              40  …  commit: a CommitInfo
///  13  3  zero                                 base: last log number 8, last commit number 8,
///                                                    partitions 4, zero 4, a PartitionTable
/// </code>
/// Little endian.
/// </summary>
internal sealed record JournalEntry(
    uint Session, long Begin, long Until, CommitInfo? Commit, JournalBase? Base)
{
    public const int HeaderLength = 40;

    private const byte BaseKind = 1;
    private const byte CommitKind = 2;
    private const int BaseFixedLength = 24;

    public static ReadOnlySpan<byte> Magic => "RCJ1"u8;

    public int EncodedLength
    {
        get
        {
            var body = Commit is not null
                ? Commit.EncodedLength
                : BaseFixedLength + (Base!.Partitions.Length * PartitionTable.EntryLength);
            return (HeaderLength + body + 7) & ~7;
        }
    }

    public void WriteTo(Span<byte> to)
    {
        to = to[..EncodedLength];
        to.Clear();
        Magic.CopyTo(to);
        BinaryPrimitives.WriteInt32LittleEndian(to[8..], to.Length);
        to[12] = Commit is not null ? CommitKind : BaseKind;
        BinaryPrimitives.WriteUInt32LittleEndian(to[16..], Session);
        BinaryPrimitives.WriteInt64LittleEndian(to[24..], Begin);
        BinaryPrimitives.WriteInt64LittleEndian(to[32..], Until);
        var body = to[HeaderLength..];
        if (Commit is not null)
        {
            Commit.WriteTo(body);
        }
        else
        {
            BinaryPrimitives.WriteUInt64LittleEndian(body, Base!.LastLogNumber);
            BinaryPrimitives.WriteUInt64LittleEndian(body[8..], Base.LastCommitNumber);
            BinaryPrimitives.WriteInt32LittleEndian(body[16..], Base.Partitions.Length);
            PartitionTable.Write(body[BaseFixedLength..], Base.Partitions);
        }
        BinaryPrimitives.WriteUInt32LittleEndian(to[4..], Crc32C.Of(to[8..]));
    }

    /// <summary>Reads the entry at the start of <paramref name="from"/>, if there is a whole and undamaged one.
    /// </summary>
    public static JournalEntry? TryRead(ReadOnlySpan<byte> from, out int length)
    {
        length = 0;
        if (from.Length < HeaderLength || !from.StartsWith(Magic))
            return null;
        length = BinaryPrimitives.ReadInt32LittleEndian(from[8..]);
        if (length < HeaderLength || length > from.Length || length % 8 != 0
            || BinaryPrimitives.ReadUInt32LittleEndian(from[4..]) != Crc32C.Of(from[8..length]))
            return null;
        var body = from[HeaderLength..length];
        var commit = from[12] == CommitKind ? CommitInfo.TryRead(body) : null;
        var start = from[12] == BaseKind ? ReadBase(body) : null;
        if (commit is null && start is null)
            return null;
        return new JournalEntry(
            BinaryPrimitives.ReadUInt32LittleEndian(from[16..]),
            BinaryPrimitives.ReadInt64LittleEndian(from[24..]),
            BinaryPrimitives.ReadInt64LittleEndian(from[32..]),
            commit,
            start);
    }

    private static JournalBase? ReadBase(ReadOnlySpan<byte> body)
    {
        if (body.Length < BaseFixedLength)
            return null;
        var count = BinaryPrimitives.ReadInt32LittleEndian(body[16..]);
        if (count < 0 || (long)count * PartitionTable.EntryLength > body.Length - BaseFixedLength)
            return null;
        return new JournalBase(
            BinaryPrimitives.ReadUInt64LittleEndian(body),
            BinaryPrimitives.ReadUInt64LittleEndian(body[8..]),
            PartitionTable.Read(body[BaseFixedLength..], count));
    }
}
