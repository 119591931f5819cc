using Rag.Engine.Mutations;
using Rag.Engine.Storage;

namespace Rag.Engine;

/// <summary>
/// How a mutation that a replica brought later than its place stands in the log: under a kind of its own, around the
/// mutation itself.
/// <code>
/// 0  1  format, 1     1  1  kind     2  4  origin's epoch     6  8  origin's sequence     14  …  payload
/// </code>
/// </summary>
internal static class LateMutation
{
    private const byte FormatVersion = 1;

    public static byte[] Wrap(byte kind, WriteStamp origin, ReadOnlySpan<byte> payload)
    {
        using var writer = new PayloadWriter(payload.Length + 16);
        writer.Byte(FormatVersion);
        writer.Byte(kind);
        writer.UInt32(origin.Epoch);
        writer.UInt64(origin.Sequence);
        writer.Raw(payload);
        return writer.ToArray();
    }

    /// <summary>The mutation as it was.</summary>
    /// <exception cref="InvalidDataException">It is malformed.</exception>
    public static (DurableRecord Record, WriteStamp Origin) Unwrap(in DurableRecord late)
    {
        var reader = new PayloadReader(late.Payload.Span);
        if (reader.Byte() is var format and not FormatVersion)
            throw PayloadReader.Malformed($"it has format {format}; {FormatVersion} is known here");
        var kind = reader.Byte();
        var origin = new WriteStamp(reader.UInt32(), reader.UInt64());
        return (late with { Kind = kind, Payload = late.Payload[reader.Position..] }, origin);
    }
}
