using System.Buffers;
using Grpc.Core;

namespace Grpc.Framing;

/// <summary>Metadata as header values: text as it is, bytes as base64 without padding.</summary>
internal static class MetadataHeaders
{
    /// <summary>The header value of an entry.</summary>
    public static string Encode(Metadata.Entry entry) =>
        entry.IsBinary ? Convert.ToBase64String(entry.BinaryValue).TrimEnd('=') : entry.Value;

    /// <summary>
    /// Adds a received header. A binary header may hold several values with commas between them. Bytes that are no
    /// base64 make the peer's call fail.
    /// </summary>
    /// <exception cref="RpcException">A binary value is no base64 (INTERNAL).</exception>
    public static void Add(Metadata metadata, string name, string? value)
    {
        var key = LowerCase(name);
        if (value is null || HeaderNames.IsReserved(key))
            return;
        if (!key.EndsWith(Metadata.BinaryHeaderSuffix, StringComparison.Ordinal))
        {
            metadata.Add(Metadata.Entry.Received(key, value));
            return;
        }

        foreach (var part in value.AsSpan().Split(','))
            metadata.Add(Metadata.Entry.Received(key, DecodeBase64(key, value.AsSpan(part).Trim())));
    }

    private static byte[] DecodeBase64(string key, ReadOnlySpan<char> text)
    {
        text = text.TrimEnd('=');
        // Four characters carry three bytes; one left over can carry none.
        var padding = (4 - (text.Length % 4)) % 4;
        var rented = ArrayPool<char>.Shared.Rent(text.Length + padding);
        try
        {
            text.CopyTo(rented);
            rented.AsSpan(text.Length, padding).Fill('=');
            var bytes = new byte[text.Length * 3 / 4];
            if (padding < 3
                && Convert.TryFromBase64Chars(rented.AsSpan(0, text.Length + padding), bytes, out var length)
                && length == bytes.Length)
                return bytes;
        }
        finally
        {
            ArrayPool<char>.Shared.Return(rented);
        }

        throw new RpcException(new Status(StatusCode.Internal, $"The header {key} is not base64."));
    }

    private static string LowerCase(string name)
    {
        foreach (var c in name)
        {
            if (char.IsAsciiLetterUpper(c))
                return name.ToLowerInvariant();
        }

        return name;
    }
}
