using System.Buffers;
using System.Buffers.Binary;
using System.IO.Compression;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Framing;
using Grpc.Net.Compression;

namespace Rag.Transport.Tests.Framing;

public sealed class MessageSerializationTests
{
    [Fact]
    public void A_message_of_announced_length_is_framed_without_a_buffer()
    {
        var output = Write((_, context) =>
        {
            context.SetPayloadLength(3);
            context.GetBufferWriter().Write("abc"u8);
            context.Complete();
        });
        output.ShouldBe([0, 0, 0, 0, 3, (byte)'a', (byte)'b', (byte)'c']);
    }

    [Fact]
    public void A_message_of_unknown_length_is_framed_too()
    {
        Write((_, context) =>
        {
            context.GetBufferWriter().Write("ab"u8);
            context.GetBufferWriter().Write("c"u8);
            context.Complete();
        }).ShouldBe([0, 0, 0, 0, 3, (byte)'a', (byte)'b', (byte)'c']);
        Write((_, context) => context.Complete([1, 2])).ShouldBe([0, 0, 0, 0, 2, 1, 2]);
        Write((_, context) => context.Complete([])).ShouldBe([0, 0, 0, 0, 0]);
        Write((_, context) =>
        {
            context.SetPayloadLength(1);
            context.Complete([7]);
        }).ShouldBe([0, 0, 0, 0, 1, 7]);
    }

    [Fact]
    public void A_message_that_is_too_large_writes_nothing()
    {
        var output = new ArrayBufferWriter<byte>();
        var limits = new MessageLimits(2, null);
        Should.Throw<RpcException>(() => MessageSerializationContext.Write(
            output, (_, context) => context.SetPayloadLength(3), "", limits, null))
            .StatusCode.ShouldBe(StatusCode.ResourceExhausted);
        Should.Throw<RpcException>(() => MessageSerializationContext.Write(
            output, (_, context) => context.Complete([1, 2, 3]), "", limits, null));
        output.WrittenCount.ShouldBe(0);
    }

    [Fact]
    public void A_marshaller_that_lies_about_the_length_is_caught()
    {
        Should.Throw<BrokenFrameException>(() => Write((_, context) =>
        {
            context.SetPayloadLength(3);
            context.GetBufferWriter().Write("ab"u8);
            context.Complete();
        }));
        Should.Throw<BrokenFrameException>(() => Write((_, context) =>
        {
            context.SetPayloadLength(1);
            context.GetBufferWriter().Write("ab"u8);
        }));
        Should.Throw<BrokenFrameException>(() => Write((_, context) => context.SetPayloadLength(1)));
    }

    [Fact]
    public void A_marshaller_that_writes_nothing_or_twice_is_caught()
    {
        Should.Throw<InvalidOperationException>(() => Write((_, _) => { }));
        Should.Throw<InvalidOperationException>(() => Write((_, context) =>
        {
            context.Complete([1]);
            context.Complete([2]);
        }));
    }

    [Fact]
    public void A_marshaller_may_frame_another_message_meanwhile()
    {
        var inner = new ArrayBufferWriter<byte>();
        Write((_, context) =>
        {
            context.SetPayloadLength(1);
            MessageSerializationContext.Write(inner, (_, other) => other.Complete([9]), "", MessageLimits.None, null);
            context.GetBufferWriter().Write((ReadOnlySpan<byte>)[5]);
            context.Complete();
        }).ShouldBe([0, 0, 0, 0, 1, 5]);
        inner.WrittenSpan.ToArray().ShouldBe([0, 0, 0, 0, 1, 9]);
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("deflate")]
    public void A_compressed_message_can_be_unpacked(string encoding)
    {
        var provider = CompressionProviders.Default.Find(encoding)!;
        var payload = new byte[10_000];
        var output = new ArrayBufferWriter<byte>();
        MessageSerializationContext.Write(output, (_, context) =>
        {
            context.SetPayloadLength(payload.Length);
            context.GetBufferWriter().Write(payload.AsSpan());
            context.Complete();
        }, "", MessageLimits.None, new OutgoingCompression(provider, CompressionLevel.SmallestSize));
        var frame = output.WrittenMemory;
        frame.Span[0].ShouldBe((byte)1);
        BinaryPrimitives.ReadInt32BigEndian(frame.Span[1..]).ShouldBe(frame.Length - 5);
        frame.Length.ShouldBeLessThan(200);
        using var unpacked = new MessageDecompressor(provider)
            .Decompress(new ReadOnlySequence<byte>(frame[5..]), MessageLimits.None);
        unpacked.Written.Span.SequenceEqual(payload).ShouldBeTrue();
    }

    [Fact]
    public void Generated_marshallers_work_away_from_calls()
    {
        var marshaller = Marshallers.Create<Ping>(
            (ping, context) =>
            {
                context.SetPayloadLength(ping.CalculateSize());
                ping.WriteTo(context.GetBufferWriter());
                context.Complete();
            },
            context => Ping.Parser.ParseFrom(context.PayloadAsReadOnlySequence()));
        var ping = new Ping { Number = 5, Text = new string('x', 5000) };
        marshaller.Deserializer(marshaller.Serializer(ping)).ShouldBe(ping);
    }

    private static byte[] Write(Action<string, SerializationContext> serializer)
    {
        var output = new ArrayBufferWriter<byte>();
        MessageSerializationContext.Write(output, serializer, "", MessageLimits.None, null);
        return output.WrittenSpan.ToArray();
    }
}
