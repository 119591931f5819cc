using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Rag.Benchmarks.Layers;

/// <summary>
/// As much of an HTTP/2 client as one unary gRPC call after the other needs, on a blocking socket and without allocating:
/// what is allocated meanwhile is the server's. RFC 9113; headers are HPACK literals without a table (RFC 7541, 6.2.2).
/// Not thread-safe.
/// </summary>
internal sealed class RawHttp2Connection : IDisposable
{
    private const int FrameHeader = 9;
    private const int WindowBytes = 1 << 24;

    private const byte DataFrame = 0;
    private const byte HeadersFrame = 1;
    private const byte ResetFrame = 3;
    private const byte SettingsFrame = 4;
    private const byte PingFrame = 6;
    private const byte GoAwayFrame = 7;
    private const byte WindowFrame = 8;
    private const byte EndStream = 1;
    private const byte Ack = 1;
    private const byte EndHeaders = 4;
    private const byte InitialWindowSetting = 4;

    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly byte[] _headers;
    private readonly byte[] _sent = new byte[1 << 16];
    private readonly byte[] _received = new byte[1 << 16];
    private int _from;
    private int _to;
    private int _stream = -1;

    /// <param name="address">Where the server listens.</param>
    /// <param name="path">The method, with a slash before service and name.</param>
    public RawHttp2Connection(IPEndPoint address, string path)
    {
        _headers = HeadersOf(path, address);
        _socket.Connect(address);
        _socket.Send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8);
        Span<byte> settings = stackalloc byte[FrameHeader + 6 + FrameHeader + 4];
        WriteHeader(settings, 6, SettingsFrame, 0, 0);
        BinaryPrimitives.WriteUInt16BigEndian(settings[FrameHeader..], InitialWindowSetting);
        BinaryPrimitives.WriteInt32BigEndian(settings[(FrameHeader + 2)..], WindowBytes);
        WriteHeader(settings[(FrameHeader + 6)..], 4, WindowFrame, 0, 0);
        BinaryPrimitives.WriteInt32BigEndian(settings[(FrameHeader + 6 + FrameHeader)..], WindowBytes);
        _socket.Send(settings);
    }

    /// <summary>Sends a message and waits for the end of the call.</summary>
    /// <returns>Bytes of the answer's message.</returns>
    /// <exception cref="IOException">There was none, or the connection is at its end.</exception>
    public int Call(ReadOnlySpan<byte> message)
    {
        _stream += 2;
        WriteHeader(_sent, _headers.Length, HeadersFrame, EndHeaders, _stream);
        _headers.CopyTo(_sent.AsSpan(FrameHeader));
        var data = _sent.AsSpan(FrameHeader + _headers.Length);
        WriteHeader(data, 5 + message.Length, DataFrame, EndStream, _stream);
        data[FrameHeader] = 0; // not compressed
        BinaryPrimitives.WriteInt32BigEndian(data[(FrameHeader + 1)..], message.Length);
        message.CopyTo(data[(FrameHeader + 5)..]);
        _socket.Send(_sent.AsSpan(0, FrameHeader + _headers.Length + FrameHeader + 5 + message.Length));
        var answer = 0;
        while (!ReadFrame(ref answer))
        {
            // Until the call's last frame.
        }

        return answer >= 5 ? answer - 5 : throw new IOException("The call had no answer.");
    }

    public void Dispose() => _socket.Dispose();

    /// <summary>True: the call is over.</summary>
    private bool ReadFrame(ref int answer)
    {
        var header = Take(FrameHeader);
        var (length, type, flags) = (header[0] << 16 | header[1] << 8 | header[2], header[3], header[4]);
        var payload = Take(length);
        switch (type)
        {
            case DataFrame:
                answer += length;
                if (length > 0)
                    Send(WindowFrame, 0, 0, length);
                return (flags & EndStream) != 0;
            case HeadersFrame:
                return (flags & EndStream) != 0;
            case SettingsFrame when (flags & Ack) == 0:
                Send(SettingsFrame, Ack, 0, -1);
                return false;
            case PingFrame when (flags & Ack) == 0:
                WriteHeader(_sent, length, PingFrame, Ack, 0);
                payload.CopyTo(_sent.AsSpan(FrameHeader));
                _socket.Send(_sent.AsSpan(0, FrameHeader + length));
                return false;
            case ResetFrame or GoAwayFrame:
                throw new IOException($"The server ended the call with a frame of type {type}.");
            default:
                return false;
        }
    }

    private void Send(byte type, byte flags, int stream, int number)
    {
        var length = number >= 0 ? 4 : 0;
        WriteHeader(_sent, length, type, flags, stream);
        if (length > 0)
            BinaryPrimitives.WriteInt32BigEndian(_sent.AsSpan(FrameHeader), number);
        _socket.Send(_sent.AsSpan(0, FrameHeader + length));
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        while (_to - _from < count)
        {
            if (_from > 0)
            {
                _received.AsSpan(_from, _to - _from).CopyTo(_received);
                (_from, _to) = (0, _to - _from);
            }

            var received = _socket.Receive(_received.AsSpan(_to));
            if (received == 0)
                throw new IOException("The server closed the connection.");
            _to += received;
        }

        _from += count;
        return _received.AsSpan(_from - count, count);
    }

    private static void WriteHeader(Span<byte> to, int length, byte type, byte flags, int stream)
    {
        BinaryPrimitives.WriteInt32BigEndian(to, length << 8 | type);
        to[4] = flags;
        BinaryPrimitives.WriteInt32BigEndian(to[5..], stream);
    }

    private static byte[] HeadersOf(string path, IPEndPoint address)
    {
        using var block = new MemoryStream();
        block.WriteByte(0x80 | 3); // :method POST
        block.WriteByte(0x80 | 6); // :scheme http
        Write(block, 4, null, path); // :path
        Write(block, 1, null, address.ToString()); // :authority
        Write(block, 0, "content-type", "application/grpc");
        Write(block, 0, "te", "trailers");
        return block.ToArray();
    }

    private static void Write(MemoryStream block, byte index, string? name, string value)
    {
        block.WriteByte(index);
        if (name is not null)
            Write(block, name);
        Write(block, value);
    }

    private static void Write(MemoryStream block, string text)
    {
        // Shorter than 127 bytes, not compressed.
        block.WriteByte((byte)text.Length);
        block.Write(Encoding.ASCII.GetBytes(text));
    }
}
