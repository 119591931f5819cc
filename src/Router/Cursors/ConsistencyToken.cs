using System.Buffers.Text;
using Rag.Hosting.Wire;
using Rag.Internal.V1;
using Rag.Router.Errors;
using Rag.Router.Workspaces;

namespace Rag.Router.Cursors;

/// <summary>
/// Positions of a workspace's partitions, as a caller holds them.
/// <code>
/// kind 1 byte │ workspace uid 16 bytes │ count │ count × (partition, epoch, sequence), all varints
/// </code>
/// </summary>
internal static class ConsistencyToken
{
    private const byte Kind = 0x21;
    private const int MaxVarintBytes = 10;

    public static string Of(KnownWorkspace workspace, IReadOnlyList<Stamp> stamps)
    {
        var writer = new TokenWriter(Kind);
        writer.Write(workspace.Uid);
        writer.WriteVarint((ulong)stamps.Count);
        for (var i = 0; i < stamps.Count; i++)
        {
            writer.WriteVarint((ulong)stamps[i].Partition);
            writer.WriteVarint(stamps[i].Epoch);
            writer.WriteVarint(stamps[i].Sequence);
        }

        return writer.ToToken();
    }

    /// <summary>Writes the token of one partition's position, without making a string of it.</summary>
    public static void WriteTo(WireBuffer to, KnownWorkspace workspace, int partition, uint epoch, ulong sequence)
    {
        Span<byte> token = stackalloc byte[1 + 16 + 4 * MaxVarintBytes];
        token[0] = Kind;
        workspace.Uid.TryWriteBytes(token[1..], bigEndian: true, out var length);
        length++;
        length += WriteVarint(token[length..], 1);
        length += WriteVarint(token[length..], (ulong)partition);
        length += WriteVarint(token[length..], epoch);
        length += WriteVarint(token[length..], sequence);
        var room = to.GetSpan(Base64Url.GetEncodedLength(length));
        to.Advance(Base64Url.EncodeToUtf8(token[..length], room));
    }

    /// <summary>The positions in a token; none for an empty one.</summary>
    /// <exception cref="RefusedException">It is no token, or one of another workspace.</exception>
    public static Stamp[] Read(string token, KnownWorkspace workspace)
    {
        if (token.Length == 0)
            return [];
        var reader = new TokenReader(token, Kind);
        var uid = reader.ReadUuid();
        var count = reader.ReadVarint();
        if (!reader.IsValid || count > (ulong)workspace.Partitions.Length)
            throw Malformed();
        var stamps = new Stamp[count];
        for (var i = 0; i < stamps.Length; i++)
        {
            var (partition, epoch, sequence) = (reader.ReadVarint(), reader.ReadVarint(), reader.ReadVarint());
            if (partition > int.MaxValue || epoch > uint.MaxValue)
                throw Malformed();
            stamps[i] = new Stamp { Partition = (int)partition, Epoch = (uint)epoch, Sequence = sequence };
        }

        if (!reader.IsComplete)
            throw Malformed();
        return uid == workspace.Uid
            ? stamps
            : throw Refuse.Invalid("min_consistency_token",
                "It is of another workspace, or of one that was deleted and made again: leave it out.");
    }

    private static int WriteVarint(Span<byte> to, ulong number)
    {
        var length = 0;
        while (number >= 0x80)
        {
            to[length++] = (byte)(number | 0x80);
            number >>= 7;
        }

        to[length++] = (byte)number;
        return length;
    }

    private static RefusedException Malformed() => Refuse.Invalid("min_consistency_token",
        "It is not a token of this server: pass consistency_token of an answer unchanged, or leave it out.");
}
