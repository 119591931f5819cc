using System.Text;
using Rag.Engine.Storage;

namespace Rag.Engine.Tests.Storage;

public sealed class CodecTests
{
    [Theory]
    [InlineData("", 0u)]
    [InlineData("123456789", 0xE3069283u)]
    [InlineData("a", 0xC1D04330u)]
    [InlineData("The quick brown fox jumps over the lazy dog", 0x22620404u)]
    public void Crc32C_gives_the_published_values(string text, uint expected) =>
        Crc32C.Of(Encoding.ASCII.GetBytes(text)).ShouldBe(expected);

    [Fact]
    public void Crc32C_agrees_with_a_bit_by_bit_reference_and_can_be_continued()
    {
        var random = new Random(1);
        for (var length = 0; length < 200; length++)
        {
            var bytes = new byte[length];
            random.NextBytes(bytes);
            Crc32C.Of(bytes).ShouldBe(Reference(bytes));
            var cut = random.Next(length + 1);
            Crc32C.Append(Crc32C.Of(bytes.AsSpan(0, cut)), bytes.AsSpan(cut)).ShouldBe(Reference(bytes));
        }
    }

    [Fact]
    public void The_checksum_codec_returns_what_it_was_given_and_finds_every_flipped_bit()
    {
        var uid = Guid.CreateVersion7();
        var plain = Encoding.UTF8.GetBytes("a payload of some length");
        var encoded = new byte[ChecksumCodec.Instance.MaxEncodedLength(plain.Length)];
        ChecksumCodec.Instance.Encode(uid, plain, encoded).ShouldBe(encoded.Length);
        var decoded = new byte[ChecksumCodec.Instance.PlainLength(encoded)];
        ChecksumCodec.Instance.Decode(uid, encoded, decoded).ShouldBe(plain.Length);
        decoded.ShouldBe(plain);
        for (var bit = 0; bit < encoded.Length * 8; bit++)
        {
            encoded[bit / 8] ^= (byte)(1 << (bit % 8));
            Should.Throw<CorruptDataException>(() => ChecksumCodec.Instance.Decode(uid, encoded, new byte[200]));
            encoded[bit / 8] ^= (byte)(1 << (bit % 8));
        }
        for (var length = 0; length < encoded.Length; length++)
        {
            Should.Throw<CorruptDataException>(() =>
                ChecksumCodec.Instance.Decode(uid, encoded.AsSpan(0, length), new byte[200]));
        }
    }

    [Fact]
    public void A_block_of_another_workspace_is_refused()
    {
        var encoded = new byte[ChecksumCodec.Instance.MaxEncodedLength(3)];
        ChecksumCodec.Instance.Encode(Guid.CreateVersion7(), "abc"u8, encoded);
        Should.Throw<CorruptDataException>(() =>
            ChecksumCodec.Instance.Decode(Guid.CreateVersion7(), encoded, new byte[3]));
    }

    private static uint Reference(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        foreach (var value in bytes)
        {
            crc ^= value;
            for (var bit = 0; bit < 8; bit++)
                crc = (crc & 1) != 0 ? (crc >> 1) ^ 0x82F63B78 : crc >> 1;
        }
        return ~crc;
    }
}
