using Grpc.Core;
using Grpc.Framing;

namespace Rag.Transport.Tests.Framing;

public sealed class MetadataTests
{
    [Fact]
    public void Keys_become_lower_case_and_the_last_entry_wins()
    {
        var metadata = new Metadata { { "Key", "1" }, { "KEY", "2" } };
        metadata.Get("kEy")!.Value.ShouldBe("2");
        metadata.GetAll("key").Count().ShouldBe(2);
        metadata[0].Key.ShouldBe("key");
    }

    [Theory]
    [InlineData("")]
    [InlineData("a b")]
    [InlineData(":authority")]
    [InlineData("ü")]
    [InlineData("a\n")]
    public void A_key_that_is_no_header_name_is_refused(string key) =>
        Should.Throw<ArgumentException>(() => new Metadata.Entry(key, "x"));

    [Theory]
    [InlineData("a\r\nb")]
    [InlineData("ü")]
    [InlineData("\0")]
    public void A_text_that_no_header_can_carry_is_refused(string value) =>
        Should.Throw<ArgumentException>(() => new Metadata.Entry("key", value));

    [Fact]
    public void The_ending_decides_between_text_and_bytes()
    {
        Should.Throw<ArgumentException>(() => new Metadata.Entry("key-bin", "text"));
        Should.Throw<ArgumentException>(() => new Metadata.Entry("key", [1]));
        Should.Throw<InvalidOperationException>(() => new Metadata.Entry("key-bin", [1]).Value);
    }

    [Fact]
    public void Bytes_given_and_taken_are_copies()
    {
        byte[] bytes = [1, 2];
        var entry = new Metadata.Entry("a-bin", bytes);
        bytes[0] = 9;
        entry.ValueBytes[1] = 9;
        entry.ValueBytes.ShouldBe([1, 2]);
    }

    [Fact]
    public void The_empty_metadata_cannot_be_changed() =>
        Should.Throw<InvalidOperationException>(() => Metadata.Empty.Add("a", "b"));

    [Fact]
    public void Bytes_of_every_length_survive_with_and_without_padding()
    {
        var random = new Random(5);
        for (var length = 0; length < 40; length++)
        {
            var bytes = new byte[length];
            random.NextBytes(bytes);
            Read("x-bin", MetadataHeaders.Encode(new Metadata.Entry("x-bin", bytes))).ShouldBe([bytes]);
            Read("X-Bin", Convert.ToBase64String(bytes)).ShouldBe([bytes]);
        }
    }

    [Fact]
    public void One_header_may_hold_several_binary_values() =>
        Read("x-bin", "AQ, Ag==,Aw").ShouldBe([[1], [2], [3]]);

    [Theory]
    [InlineData("!")]
    [InlineData("AQIDB")]
    [InlineData("A Q")]
    [InlineData("ü")]
    public void What_is_no_base64_is_refused(string value) =>
        Should.Throw<RpcException>(() => Read("x-bin", value)).StatusCode.ShouldBe(StatusCode.Internal);

    [Theory]
    [InlineData("grpc-timeout")]
    [InlineData("grpc-status")]
    [InlineData("grpc-encoding")]
    [InlineData("content-type")]
    [InlineData("TE")]
    [InlineData(":path")]
    public void Headers_of_the_protocol_are_no_metadata(string name)
    {
        var metadata = new Metadata();
        MetadataHeaders.Add(metadata, name, "x");
        metadata.ShouldBeEmpty();
    }

    private static IEnumerable<byte[]> Read(string name, string value)
    {
        var metadata = new Metadata();
        MetadataHeaders.Add(metadata, name, value);
        return metadata.Select(entry => entry.ValueBytes);
    }
}
