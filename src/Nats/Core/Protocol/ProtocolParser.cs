using System.Buffers;
using System.Text;
using System.Text.Json;

namespace NATS.Client.Core.Protocol;

/// <summary>
/// Reads what a server sends, in place: no byte of a message is copied before its deserializer sees it, but for a
/// control line that two buffers share. Everything has a limit, and what breaks one, or is no NATS at all, is a
/// <see cref="NatsProtocolViolationException"/>.
/// </summary>
/// <remarks>
/// <code>
/// INFO {json}\r\n                                          +OK\r\n
/// MSG subject sid [reply] bytes\r\n payload \r\n           -ERR 'words'\r\n
/// HMSG subject sid [reply] header-bytes all-bytes\r\n headers payload \r\n    PING\r\n    PONG\r\n
/// </code>
/// </remarks>
internal static class ProtocolParser
{
    /// <summary>No line of a server but INFO comes near it: subjects are limited by the 4 KiB of a client's line.</summary>
    public const int MaxControlLine = 64 * 1024;

    /// <summary>INFO names all servers of a cluster.</summary>
    public const int MaxInfoLine = 1024 * 1024;

    /// <summary>The highest max_payload that a server can be given.</summary>
    public const int MaxMessage = 64 * 1024 * 1024;

    /// <summary>
    /// Hands every complete operation to the handler and cuts it off the buffer; what is left needs more bytes. Stops
    /// early, and returns false, where the handler asks for it.
    /// </summary>
    /// <exception cref="NatsProtocolViolationException">What came is not NATS, or too large.</exception>
    public static bool Parse(ref ReadOnlySequence<byte> buffer, IProtocolHandler handler)
    {
        while (!buffer.IsEmpty)
        {
            var segment = buffer.First;
            var used = ParseSegment(segment, handler, out var goOn);
            buffer = buffer.Slice(used);
            if (!goOn)
                return false;
            if (used == segment.Length)
                continue;
            // What is left began in this segment and ends in another one, or is not all here.
            if (buffer.IsSingleSegment || !TryParseAcross(ref buffer, handler, out goOn))
                return true;
            if (!goOn)
                return false;
        }

        return true;
    }

    private static int ParseSegment(ReadOnlyMemory<byte> memory, IProtocolHandler handler, out bool goOn)
    {
        var all = memory.Span;
        var start = 0;
        goOn = true;
        while (goOn)
        {
            var rest = all[start..];
            var end = rest.IndexOf((byte)'\n');
            if (end < 0)
            {
                CheckLineLength(rest);
                break;
            }

            var line = rest[..end];
            if (!IsMessage(line))
            {
                HandleLine(line, handler);
                start += end + 1;
                continue;
            }

            var message = ParseMessageLine(TrimCarriageReturn(line), end + 1);
            // After the payload stands \r\n.
            if (rest.Length < end + 1 + message.TotalBytes + 2)
                break;
            var body = memory.Slice(start + end + 1, message.TotalBytes);
            CheckEnd(rest.Slice(end + 1 + message.TotalBytes, 2));
            var frame = new MessageFrame
            {
                Subject = message.SubjectOf(rest),
                Sid = message.Sid,
                ReplyTo = message.ReplyToOf(rest),
                Headers = message.HeaderBytes == 0 ? default : new ReadOnlySequence<byte>(body[..message.HeaderBytes]),
                Payload = message.TotalBytes == message.HeaderBytes
                    ? default : new ReadOnlySequence<byte>(body[message.HeaderBytes..]),
            };
            start += end + 1 + message.TotalBytes + 2;
            goOn = handler.OnMessage(frame);
        }

        return start;
    }

    /// <summary>One operation whose bytes lie in several segments; false where it is not complete.</summary>
    private static bool TryParseAcross(ref ReadOnlySequence<byte> buffer, IProtocolHandler handler, out bool goOn)
    {
        goOn = true;
        var newLine = buffer.PositionOf((byte)'\n');
        if (newLine is null)
        {
            CheckLineLength(buffer.Slice(0, Math.Min(buffer.Length, 8)).ToArray(), buffer.Length);
            return false;
        }

        var lineSequence = buffer.Slice(0, newLine.Value);
        if (lineSequence.Length > MaxInfoLine)
            ThrowTooLong(MaxInfoLine);
        var length = (int)lineSequence.Length;
        var rented = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            lineSequence.CopyTo(rented);
            ReadOnlySpan<byte> line = rented.AsSpan(0, length);
            var rest = buffer.Slice(buffer.GetPosition(1, newLine.Value));
            if (!IsMessage(line))
            {
                HandleLine(line, handler);
                buffer = rest;
                return true;
            }

            var message = ParseMessageLine(TrimCarriageReturn(line), length);
            if (rest.Length < message.TotalBytes + 2)
                return false;
            Span<byte> end = stackalloc byte[2];
            rest.Slice(message.TotalBytes, 2).CopyTo(end);
            CheckEnd(end);
            buffer = rest.Slice(message.TotalBytes + 2);
            goOn = handler.OnMessage(new MessageFrame
            {
                Subject = message.SubjectOf(line),
                Sid = message.Sid,
                ReplyTo = message.ReplyToOf(line),
                Headers = rest.Slice(0, message.HeaderBytes),
                Payload = rest.Slice(message.HeaderBytes, message.TotalBytes - message.HeaderBytes),
            });
            return true;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    private static bool IsMessage(ReadOnlySpan<byte> line) =>
        line.Length > 4 && ((line[0] | 0x20) == 'm' || (line[0] | 0x20) == 'h');

    private static void HandleLine(ReadOnlySpan<byte> line, IProtocolHandler handler)
    {
        line = TrimCarriageReturn(line);
        if (Ascii.EqualsIgnoreCase(line, "PING"u8))
            handler.OnPing();
        else if (Ascii.EqualsIgnoreCase(line, "PONG"u8))
            handler.OnPong();
        else if (StartsWith(line, "INFO"u8))
            handler.OnInfo(ParseInfo(line[4..]));
        else if (StartsWith(line, "-ERR"u8))
            handler.OnError(Encoding.UTF8.GetString(line[4..].Trim(" \t'"u8)));
        else if (!Ascii.EqualsIgnoreCase(line, "+OK"u8))
            ThrowUnknown(line);
    }

    private static ServerInfo ParseInfo(ReadOnlySpan<byte> json)
    {
        try
        {
            return JsonSerializer.Deserialize(json, ProtocolJson.Default.ServerInfo)
                ?? throw new NatsProtocolViolationException("The server's INFO is null.");
        }
        catch (JsonException e)
        {
            throw new NatsProtocolViolationException($"The server's INFO is no valid JSON: {e.Message}");
        }
    }

    private static MessageLine ParseMessageLine(ReadOnlySpan<byte> line, int lineLength)
    {
        if (lineLength > MaxControlLine)
            ThrowTooLong(MaxControlLine);
        var hasHeaders = StartsWith(line, "HMSG"u8);
        if (!hasHeaders && !StartsWith(line, "MSG"u8))
            ThrowUnknown(line);
        Span<Range> fields = stackalloc Range[6];
        var count = Split(line, fields);
        // Name, subject and sid in front, sizes at the end, the reply subject between them where there is one.
        var required = hasHeaders ? 5 : 4;
        if (count != required && count != required + 1)
            ThrowUnknown(line);
        var sid = Number(line, fields[2], long.MaxValue);
        var total = (int)Number(line, fields[count - 1], MaxMessage);
        var headers = hasHeaders ? (int)Number(line, fields[count - 2], MaxMessage) : 0;
        if (headers > total)
            ThrowUnknown(line);
        return new MessageLine(fields[1], count > required ? fields[3] : default, sid, headers, total);
    }

    private static int Split(ReadOnlySpan<byte> line, Span<Range> fields)
    {
        int count = 0, at = 0;
        while (true)
        {
            while (at < line.Length && line[at] is (byte)' ' or (byte)'\t')
                at++;
            if (at == line.Length)
                return count;
            if (count == fields.Length)
                return count + 1;
            var length = line[at..].IndexOfAny((byte)' ', (byte)'\t');
            var end = length < 0 ? line.Length : at + length;
            fields[count++] = at..end;
            at = end;
        }
    }

    private static long Number(ReadOnlySpan<byte> line, Range field, long max)
    {
        var value = 0L;
        foreach (var digit in line[field])
        {
            if (digit is < (byte)'0' or > (byte)'9' || value > (long.MaxValue - 9) / 10)
                ThrowUnknown(line);
            value = (value * 10) + (digit - '0');
        }

        if (value > max)
            throw new NatsProtocolViolationException($"The server announces {value} bytes; the most that can be is {max}.");
        return value;
    }

    private static bool StartsWith(ReadOnlySpan<byte> line, ReadOnlySpan<byte> name) =>
        line.Length > name.Length && line[name.Length] is (byte)' ' or (byte)'\t' or (byte)'{' or (byte)'\''
        && (line.StartsWith(name) || Ascii.EqualsIgnoreCase(line[..name.Length], name));

    private static ReadOnlySpan<byte> TrimCarriageReturn(ReadOnlySpan<byte> line) => line is [.., (byte)'\r'] ? line[..^1] : line;

    private static void CheckLineLength(ReadOnlySpan<byte> rest) => CheckLineLength(rest, rest.Length);

    private static void CheckLineLength(ReadOnlySpan<byte> start, long length)
    {
        var limit = start.Length > 0 && (start[0] | 0x20) == 'i' ? MaxInfoLine : MaxControlLine;
        if (length > limit)
            ThrowTooLong(limit);
    }

    private static void CheckEnd(ReadOnlySpan<byte> end)
    {
        if (end is not [(byte)'\r', (byte)'\n'])
            throw new NatsProtocolViolationException("A message does not end where its size says.");
    }

    private static void ThrowTooLong(int limit) =>
        throw new NatsProtocolViolationException($"The server sent a line of more than {limit} bytes.");

    private static void ThrowUnknown(ReadOnlySpan<byte> line)
    {
        var shown = new StringBuilder();
        foreach (var b in line[..Math.Min(line.Length, 40)])
            shown.Append(b is >= 0x20 and < 0x7F ? (char)b : '?');
        throw new NatsProtocolViolationException($"The server sent what is no operation of NATS: '{shown}'.");
    }

    private readonly ref struct MessageLine(Range subject, Range replyTo, long sid, int headerBytes, int totalBytes)
    {
        public long Sid { get; } = sid;

        public int HeaderBytes { get; } = headerBytes;

        public int TotalBytes { get; } = totalBytes;

        public ReadOnlySpan<byte> SubjectOf(ReadOnlySpan<byte> line) => line[subject];

        public ReadOnlySpan<byte> ReplyToOf(ReadOnlySpan<byte> line) => line[replyTo];
    }
}
