using System.Buffers;
using System.Text;
using NATS.Client.Core;
using NATS.Client.Core.Protocol;

namespace Rag.Nats.Tests.Protocol;

public class HeaderTests
{
    [Fact]
    public void What_is_written_is_read_again_wherever_the_bytes_are_cut()
    {
        var headers = new NatsHeaders { ["One"] = "1", ["one"] = "2", ["Many"] = new(["a", "b: c", ""]), ["Text"] = "čaj ☕" };
        var bytes = new byte[HeaderWriter.Measure(headers)];
        HeaderWriter.Write(headers, bytes).ShouldBe(bytes.Length);
        for (var cut = 0; cut < bytes.Length; cut++)
        {
            var read = HeaderReader.Read(Segments.Of(bytes, [cut]));
            read.Count.ShouldBe(4);
            foreach (var (name, values) in headers)
                read[name].ToArray().ShouldBe(values.ToArray());
        }
    }

    [Theory]
    [InlineData("NATS/1.0 503\r\n\r\n", 503, "")]
    [InlineData("NATS/1.0 100 Idle Heartbeat\r\nNats-Last-Consumer: 1\r\n\r\n", 100, "Idle Heartbeat")]
    [InlineData("NATS/1.0 409 Message Size Exceeds MaxBytes\r\n\r\n", 409, "Message Size Exceeds MaxBytes")]
    [InlineData("NATS/1.0\r\n\r\n", 0, "")]
    [InlineData("NATS/1.0  404  No Messages \r\n\r\n", 404, "No Messages")]
    public void A_status_has_a_code_and_words(string block, int code, string words)
    {
        var headers = HeaderReader.Read(new ReadOnlySequence<byte>(Encoding.UTF8.GetBytes(block)));
        headers.Code.ShouldBe(code);
        headers.MessageText.ShouldBe(words);
    }

    [Theory]
    [InlineData("")]
    [InlineData("NATS/2.0\r\n\r\n")]
    [InlineData("NATS/1.0")]
    [InlineData("NATS/1.0\r\n")]
    [InlineData("NATS/1.0\r\na: b\r\n")]
    [InlineData("NATS/1.0\r\nno colon\r\n\r\n")]
    [InlineData("NATS/1.0\r\n: no name\r\n\r\n")]
    public void What_is_no_header_block_is_a_protocol_error(string block) => Should.Throw<NatsProtocolViolationException>(
        () => HeaderReader.Read(new ReadOnlySequence<byte>(Encoding.UTF8.GetBytes(block))));

    [Fact]
    public void Random_blocks_are_read_or_refused()
    {
        var random = new Random(5);
        var original = "NATS/1.0 200 Fine\r\nName: value\r\nother:x\r\n\r\n"u8.ToArray();
        for (var round = 0; round < 5000; round++)
        {
            var bytes = original.ToArray();
            for (var i = random.Next(1, 5); i > 0; i--)
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            try
            {
                HeaderReader.Read(new ReadOnlySequence<byte>(bytes, 0, random.Next(bytes.Length + 1)));
            }
            catch (NatsProtocolViolationException)
            {
                // A clear error is right.
            }
        }
    }
}
