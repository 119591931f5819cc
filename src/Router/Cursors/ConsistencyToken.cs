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
        WriteHead(ref writer, workspace, stamps.Count);
        for (var i = 0; i < stamps.Count; i++)
            WriteStamp(ref writer, stamps[i].Partition, stamps[i].Epoch, stamps[i].Sequence);
        return writer.ToToken();
    }

    /// <summary>Writes the token of one partition's position, without making a string of it.</summary>
    public static void WriteTo(WireBuffer to, KnownWorkspace workspace, int partition, uint epoch, ulong sequence)
    {
        var writer = new TokenWriter(Kind, stackalloc byte[1 + 16 + 4 * MaxVarintBytes]);
        WriteHead(ref writer, workspace, 1);
        WriteStamp(ref writer, partition, epoch, sequence);
        var room = to.GetSpan(Base64Url.GetEncodedLength(writer.Written.Length));
        to.Advance(Base64Url.EncodeToUtf8(writer.Written, room));
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

    private static void WriteHead(ref TokenWriter writer, KnownWorkspace workspace, int count)
    {
        writer.Write(workspace.Uid);
        writer.WriteVarint((ulong)count);
    }

    private static void WriteStamp(ref TokenWriter writer, int partition, uint epoch, ulong sequence)
    {
        writer.WriteVarint((ulong)partition);
        writer.WriteVarint(epoch);
        writer.WriteVarint(sequence);
    }

    private static RefusedException Malformed() => Refuse.Invalid("min_consistency_token",
        "It is not a token of this server: pass consistency_token of an answer unchanged, or leave it out.");
}
