using System.Buffers;
using System.Text;

namespace NATS.Client.Core.Protocol;

/// <summary>Writes a header block. Names and values are checked, so that no caller's text can become a line of its own.</summary>
internal static class HeaderWriter
{
    private static readonly SearchValues<char> LineBreaks = SearchValues.Create("\r\n\0");

    private static ReadOnlySpan<byte> Version => "NATS/1.0\r\n"u8;

    /// <summary>Bytes that <see cref="Write"/> makes.</summary>
    /// <exception cref="ArgumentException">A name or value cannot be sent.</exception>
    public static int Measure(NatsHeaders headers)
    {
        var bytes = Version.Length + 2;
        foreach (var (name, values) in headers)
        {
            CheckName(name);
            foreach (var value in values)
            {
                if (value.AsSpan().ContainsAny(LineBreaks))
                    throw new ArgumentException($"The value of header '{name}' has a line break.", nameof(headers));
                // name ':' ' ' value \r\n
                bytes += name.Length + 2 + Encoding.UTF8.GetByteCount(value.AsSpan()) + 2;
            }
        }

        return bytes;
    }

    /// <summary>Writes the block and returns its size.</summary>
    public static int Write(NatsHeaders headers, Span<byte> target)
    {
        Version.CopyTo(target);
        var at = Version.Length;
        foreach (var (name, values) in headers)
        {
            foreach (var value in values)
            {
                at += Encoding.ASCII.GetBytes(name, target[at..]);
                ": "u8.CopyTo(target[at..]);
                at += 2;
                at += Encoding.UTF8.GetBytes(value.AsSpan(), target[at..]);
                "\r\n"u8.CopyTo(target[at..]);
                at += 2;
            }
        }

        "\r\n"u8.CopyTo(target[at..]);
        return at + 2;
    }

    private static void CheckName(string name)
    {
        if (name.Length == 0 || name.AsSpan().ContainsAnyExceptInRange('!', '~') || name.Contains(':'))
            throw new ArgumentException($"'{name.ReplaceLineEndings("\\n")}' is no header name: visible ASCII without ':'.",
                nameof(name));
    }
}
