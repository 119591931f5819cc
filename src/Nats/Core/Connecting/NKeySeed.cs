using Org.BouncyCastle.Math.EC.Rfc8032;

namespace NATS.Client.Core.Connecting;

/// <summary>
/// The seed of a user key: base32 of two prefix bytes, 32 bytes of an Ed25519 private key, and a CRC-16.
/// <code>
/// seed    SU…   11111???  ?0000000   (kind of "seed", then the kind of key across the byte border)
///               \__S__/\__U___/      32 bytes, CRC-16/XMODEM little endian
/// public  U…    one prefix byte, 32 bytes, CRC-16
/// </code>
/// </summary>
internal sealed class NKeySeed
{
    private const int SeedPrefix = 18 << 3;
    private const int UserPrefix = 20 << 3;
    private const string Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

    private readonly byte[] _key;

    private NKeySeed(byte[] key)
    {
        _key = key;
        var raw = new byte[Ed25519.PublicKeySize];
        Ed25519.GeneratePublicKey(key, 0, raw, 0);
        PublicKey = Encode([UserPrefix, .. raw]);
    }

    /// <summary>The public key, U….</summary>
    public string PublicKey { get; }

    /// <exception cref="NatsException">It is no seed of a user key. The text is never repeated.</exception>
    public static NKeySeed Parse(string text)
    {
        var raw = Decode(text.Trim());
        if (raw.Length != 36 || (raw[0] & 0xF8) != SeedPrefix)
            throw new NatsException("The seed is no NKEY seed: it begins with S and has 58 letters.");
        var kind = ((raw[0] & 0x07) << 5) | ((raw[1] & 0xF8) >> 3);
        if (kind != UserPrefix)
            throw new NatsException("The seed is not that of a user key, which begins with SU.");
        if (Crc16(raw.AsSpan(0, 34)) != (raw[34] | (raw[35] << 8)))
            throw new NatsException("The seed's checksum does not hold: it is not complete, or mistyped.");
        return new NKeySeed(raw[2..34]);
    }

    /// <summary>The seed text of 32 bytes, for tests.</summary>
    internal static string Format(ReadOnlySpan<byte> key) =>
        Encode([SeedPrefix | (UserPrefix >> 5), (UserPrefix & 31) << 3, .. key]);

    /// <summary>Ed25519 signature of the server's nonce, base64 as URLs have it, without padding.</summary>
    public string Sign(string nonce)
    {
        var message = System.Text.Encoding.UTF8.GetBytes(nonce);
        var signature = new byte[Ed25519.SignatureSize];
        Ed25519.Sign(_key, 0, message, 0, message.Length, signature, 0);
        return Convert.ToBase64String(signature).TrimEnd('=').Replace('+', '-').Replace('/', '_');
    }

    /// <summary>Base32 of a body and its checksum.</summary>
    internal static string Encode(ReadOnlySpan<byte> body)
    {
        var crc = Crc16(body);
        byte[] all = [.. body, (byte)crc, (byte)(crc >> 8)];
        var text = new System.Text.StringBuilder();
        int bits = 0, held = 0;
        foreach (var b in all)
        {
            held = ((held << 8) | b) & 0xFFFF;
            for (bits += 8; bits >= 5; bits -= 5)
                text.Append(Alphabet[(held >> (bits - 5)) & 31]);
        }

        if (bits > 0)
            text.Append(Alphabet[(held << (5 - bits)) & 31]);
        return text.ToString();
    }

    private static byte[] Decode(string text)
    {
        var bytes = new List<byte>(text.Length * 5 / 8);
        int bits = 0, held = 0;
        foreach (var letter in text)
        {
            var value = Alphabet.IndexOf(letter);
            if (value < 0)
                throw new NatsException("The seed has a letter that base32 does not know.");
            held = ((held << 5) | value) & 0xFFFF;
            bits += 5;
            if (bits < 8)
                continue;
            bits -= 8;
            bytes.Add((byte)(held >> bits));
        }

        return [.. bytes];
    }

    private static int Crc16(ReadOnlySpan<byte> bytes)
    {
        var crc = 0;
        foreach (var b in bytes)
        {
            crc ^= b << 8;
            for (var i = 0; i < 8; i++)
                crc = ((crc << 1) ^ ((crc & 0x8000) != 0 ? 0x1021 : 0)) & 0xFFFF;
        }

        return crc;
    }
}
