using System.Buffers;
using System.Text;
using Microsoft.Extensions.Primitives;

namespace NATS.Client.Core.Protocol;

/// <summary>Reads a header block: NATS/1.0[ code[ words]], lines of name: value, an empty line.</summary>
internal static class HeaderReader
{
    private const int MaxLines = 4096;

    /// <exception cref="NatsProtocolViolationException">It is no header block.</exception>
    public static NatsHeaders Read(in ReadOnlySequence<byte> block)
    {
        if (block.IsSingleSegment)
            return Read(block.FirstSpan);
        var length = (int)block.Length;
        var rented = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            block.CopyTo(rented);
            return Read(rented.AsSpan(0, length));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    private static NatsHeaders Read(ReadOnlySpan<byte> block)
    {
        var headers = new NatsHeaders();
        var first = NextLine(ref block);
        if (!first.StartsWith("NATS/1.0"u8))
            throw new NatsProtocolViolationException("Headers do not begin with NATS/1.0.");
        ReadStatus(first[8..], headers);
        for (var lines = 0; !block.IsEmpty; lines++)
        {
            var line = NextLine(ref block);
            if (line.IsEmpty)
                return headers;
            var colon = line.IndexOf((byte)':');
            if (colon <= 0 || lines == MaxLines)
                throw new NatsProtocolViolationException("A header line has no name, or there are too many.");
            var name = KnownName(line[..colon]);
            var value = Encoding.UTF8.GetString(line[(colon + 1)..].Trim(" \t"u8));
            headers[name] = headers.TryGetValue(name, out var present) ? StringValues.Concat(present, value) : value;
        }

        throw new NatsProtocolViolationException("Headers do not end with an empty line.");
    }

    private static void ReadStatus(ReadOnlySpan<byte> text, NatsHeaders headers)
    {
        text = text.Trim((byte)' ');
        if (text.IsEmpty)
            return;
        var code = 0;
        var digits = 0;
        while (digits < text.Length && digits < 3 && text[digits] is >= (byte)'0' and <= (byte)'9')
            code = (code * 10) + (text[digits++] - '0');
        headers.Code = code;
        headers.MessageText = Encoding.UTF8.GetString(text[digits..].Trim((byte)' '));
    }

    /// <summary>JetStream's own names come with every message: no string is made for them.</summary>
    private static string KnownName(ReadOnlySpan<byte> name) => name switch
    {
        _ when name.SequenceEqual("Nats-Msg-Id"u8) => "Nats-Msg-Id",
        _ when name.SequenceEqual("Nats-Stream"u8) => "Nats-Stream",
        _ when name.SequenceEqual("Nats-Subject"u8) => "Nats-Subject",
        _ when name.SequenceEqual("Nats-Sequence"u8) => "Nats-Sequence",
        _ when name.SequenceEqual("Nats-Time-Stamp"u8) => "Nats-Time-Stamp",
        _ when name.SequenceEqual("Nats-Pending-Messages"u8) => "Nats-Pending-Messages",
        _ when name.SequenceEqual("Nats-Pending-Bytes"u8) => "Nats-Pending-Bytes",
        _ => Encoding.UTF8.GetString(name),
    };

    private static ReadOnlySpan<byte> NextLine(ref ReadOnlySpan<byte> block)
    {
        var end = block.IndexOf("\r\n"u8);
        if (end < 0)
            throw new NatsProtocolViolationException("A header line does not end.");
        var line = block[..end];
        block = block[(end + 2)..];
        return line;
    }
}
