using System.Text;
using NATS.Client.Core.Protocol;

namespace NATS.Client.Core.Sending;

/// <summary>PUB subject [reply] bytes, or HPUB subject [reply] header-bytes all-bytes, and the payload.</summary>
internal readonly ref struct PublishCommand(
    string subject, string? replyTo, NatsHeaders? headers, int headerBytes, ReadOnlySpan<byte> payload) : ICommand
{
    private readonly ReadOnlySpan<byte> _payload = payload;

    public int MaxBytes =>
        // Name, blanks, two numbers and two line ends take less than 64 bytes.
        64 + Encoding.UTF8.GetMaxByteCount(subject.Length) + Encoding.UTF8.GetMaxByteCount(replyTo?.Length ?? 0)
        + headerBytes + _payload.Length;

    public int Write(Span<byte> target)
    {
        var line = new LineWriter(target);
        line.Text(headers is null ? "PUB "u8 : "HPUB "u8);
        line.Text(subject);
        if (replyTo is not null)
        {
            line.Text(" "u8);
            line.Text(replyTo);
        }

        if (headers is not null)
        {
            line.Text(" "u8);
            line.Number(headerBytes);
        }

        line.Text(" "u8);
        line.Number(headerBytes + _payload.Length);
        line.Text("\r\n"u8);
        if (headers is not null)
        {
            var written = HeaderWriter.Write(headers, line.Rest);
            // A wrong size would turn what follows into commands.
            if (written != headerBytes)
                throw new InvalidOperationException("The headers were changed while their message was being sent.");
            line.Advance(written);
        }

        line.Text(_payload);
        line.Text("\r\n"u8);
        return line.Written;
    }
}

/// <summary>SUB subject [queue] sid, followed by UNSUB sid max where the subscription ends by itself.</summary>
internal readonly struct SubscribeCommand(string subject, string? queueGroup, long sid, int? maxMsgs) : ICommand
{
    public int MaxBytes =>
        128 + Encoding.UTF8.GetMaxByteCount(subject.Length) + Encoding.UTF8.GetMaxByteCount(queueGroup?.Length ?? 0);

    public int Write(Span<byte> target)
    {
        var line = new LineWriter(target);
        line.Text("SUB "u8);
        line.Text(subject);
        if (queueGroup is not null)
        {
            line.Text(" "u8);
            line.Text(queueGroup);
        }

        line.Text(" "u8);
        line.Number(sid);
        line.Text("\r\n"u8);
        if (maxMsgs is { } max)
            line.Advance(new UnsubscribeCommand(sid, max).Write(line.Rest));
        return line.Written;
    }
}

/// <summary>UNSUB sid [max].</summary>
internal readonly struct UnsubscribeCommand(long sid, int? maxMsgs = null) : ICommand
{
    public int MaxBytes => 64;

    public int Write(Span<byte> target)
    {
        var line = new LineWriter(target);
        line.Text("UNSUB "u8);
        line.Number(sid);
        if (maxMsgs is { } max)
        {
            line.Text(" "u8);
            line.Number(max);
        }

        line.Text("\r\n"u8);
        return line.Written;
    }
}

/// <summary>PING.</summary>
internal readonly struct PingCommand : ICommand
{
    public int MaxBytes => 8;

    public int Write(Span<byte> target)
    {
        "PING\r\n"u8.CopyTo(target);
        return 6;
    }
}

/// <summary>PONG.</summary>
internal readonly struct PongCommand : ICommand
{
    public int MaxBytes => 8;

    public int Write(Span<byte> target)
    {
        "PONG\r\n"u8.CopyTo(target);
        return 6;
    }
}

/// <summary>Fills a span from its start.</summary>
internal ref struct LineWriter(Span<byte> target)
{
    private readonly Span<byte> _target = target;

    public int Written { get; private set; }

    public readonly Span<byte> Rest => _target[Written..];

    public void Advance(int bytes) => Written += bytes;

    public void Text(scoped ReadOnlySpan<byte> text)
    {
        text.CopyTo(Rest);
        Written += text.Length;
    }

    public void Text(string text) => Written += Encoding.UTF8.GetBytes(text, Rest);

    public void Number(long value)
    {
        value.TryFormat(Rest, out var bytes);
        Written += bytes;
    }
}
