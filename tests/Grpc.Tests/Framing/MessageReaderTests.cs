using System.Buffers;
using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Pipelines;
using System.Text;
using Grpc.Core;
using Grpc.Framing;
using Grpc.Net.Compression;

namespace Rag.Transport.Tests.Framing;

public sealed class MessageReaderTests
{
    private static readonly GzipCompressionProvider Gzip = new(CompressionLevel.Fastest);

    [Fact]
    public async Task Messages_are_found_however_the_bytes_are_cut()
    {
        var random = new Random(11);
        for (var round = 0; round < 200; round++)
        {
            var texts = Enumerable.Range(0, random.Next(1, 12)).Select(_ => Text(random, random.Next(300))).ToArray();
            var bytes = texts.SelectMany(text => Frame(Encoding.UTF8.GetBytes(text))).ToArray();
            var read = await ReadAllAsync(Cut(bytes, random), 1000);
            read.ShouldBe(texts);
        }
    }

    [Fact]
    public async Task Compressed_and_plain_messages_may_alternate()
    {
        var bytes = Frame(Pack("first"), flag: 1).Concat(Frame("second"u8.ToArray())).Concat(Frame(Pack(""), flag: 1));
        (await ReadAllAsync([bytes.ToArray()], 1000, new MessageDecompressor(Gzip))).ShouldBe(["first", "second", ""]);
    }

    [Fact]
    public Task A_stream_that_ends_inside_a_header_is_broken() => FailsAsync([0, 0, 0], StatusCode.Internal);

    [Fact]
    public Task A_stream_that_ends_inside_a_message_is_broken() =>
        FailsAsync([0, 0, 0, 0, 3, 65, 66], StatusCode.Internal);

    [Theory]
    [InlineData(2)]
    [InlineData(128)]
    [InlineData(255)]
    public Task A_flag_that_does_not_exist_is_broken(byte flag) =>
        FailsAsync(Frame([65], flag), StatusCode.Internal);

    [Fact]
    public Task A_compressed_message_without_an_encoding_is_broken() =>
        FailsAsync(Frame(Pack("x"), flag: 1), StatusCode.Internal);

    [Fact]
    public Task A_compressed_message_that_cannot_be_unpacked_is_broken() =>
        FailsAsync(Frame([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13], flag: 1), StatusCode.Internal, new(Gzip));

    [Fact]
    public Task A_length_beyond_the_limit_is_refused_before_its_bytes_arrive() =>
        FailsAsync([0, 0xff, 0xff, 0xff, 0xff], StatusCode.ResourceExhausted, ended: false);

    [Fact]
    public async Task A_small_message_that_unpacks_to_a_huge_one_is_refused()
    {
        var bomb = Pack(new string('x', 50_000_000));
        bomb.Length.ShouldBeLessThan(600_000);
        var before = GC.GetAllocatedBytesForCurrentThread();
        await FailsAsync(Frame(bomb, flag: 1), StatusCode.ResourceExhausted, new(Gzip), limit: 1_000_000);
        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBeLessThan(8_000_000);
    }

    [Fact]
    public Task A_payload_that_is_no_message_is_broken() =>
        FailsAsync(Frame([0xff, 0xff]), StatusCode.Internal, deserializer: context =>
            Ping.Parser.ParseFrom(context.PayloadAsReadOnlySequence()).Text);

    [Fact]
    public async Task A_single_message_must_be_single()
    {
        (await SingleAsync(Frame([65]))).ShouldBe("A");
        (await Should.ThrowAsync<RpcException>(() => SingleAsync([]))).StatusCode.ShouldBe(StatusCode.Unimplemented);
        (await Should.ThrowAsync<RpcException>(() => SingleAsync([.. Frame([65]), .. Frame([66])])))
            .StatusCode.ShouldBe(StatusCode.Unimplemented);
        (await Should.ThrowAsync<RpcException>(() => SingleAsync([.. Frame([65]), 0])))
            .StatusCode.ShouldBe(StatusCode.Internal);
    }

    [Fact]
    public async Task Random_bytes_never_do_more_than_fail()
    {
        var random = new Random(17);
        for (var round = 0; round < 3000; round++)
        {
            var bytes = Frame(Encoding.UTF8.GetBytes(Text(random, 20))).Concat(Frame(Pack("abc"), flag: 1)).ToArray();
            for (var i = random.Next(4); i >= 0; i--)
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            bytes = bytes[..random.Next(bytes.Length + 1)];
            try
            {
                await ReadAllAsync(Cut(bytes, random), 100, new MessageDecompressor(Gzip));
            }
            catch (RpcException e)
            {
                e.StatusCode.ShouldBeOneOf(StatusCode.Internal, StatusCode.ResourceExhausted);
            }
        }
    }

    private static async Task FailsAsync(byte[] bytes, StatusCode code, MessageDecompressor? decompressor = null,
        int limit = 1000, bool ended = true, Func<DeserializationContext, string>? deserializer = null)
    {
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 0));
        var reader = Reader(pipe.Reader, limit, decompressor, deserializer);
        await pipe.Writer.WriteAsync(bytes);
        if (ended)
            await pipe.Writer.CompleteAsync();
        var e = await Should.ThrowAsync<RpcException>(async () =>
        {
            await reader.WaitAsync(default);
            reader.TryReadBuffered(out _);
        });
        e.StatusCode.ShouldBe(code);
    }

    private static async Task<string> SingleAsync(byte[] bytes)
    {
        var reader = Reader(PipeReader.Create(new MemoryStream(bytes)), 1000, null, null);
        return await reader.ReadSingleAsync(default);
    }

    private static async Task<List<string>> ReadAllAsync(
        IEnumerable<byte[]> pieces, int limit, MessageDecompressor? decompressor = null)
    {
        var pipe = new Pipe();
        var writing = Task.Run(async () =>
        {
            foreach (var piece in pieces)
                await pipe.Writer.WriteAsync(piece);
            await pipe.Writer.CompleteAsync();
        });
        var reader = Reader(pipe.Reader, limit, decompressor, null);
        var texts = new List<string>();
        while (await reader.WaitAsync(default))
        {
            while (reader.TryReadBuffered(out var text))
                texts.Add(text);
        }

        await writing;
        reader.Release();
        return texts;
    }

    private static MessageReader<string> Reader(PipeReader input, int limit, MessageDecompressor? decompressor,
        Func<DeserializationContext, string>? deserializer) =>
        new(input, deserializer ?? (context => Encoding.UTF8.GetString(context.PayloadAsReadOnlySequence())),
            new MessageLimits(null, limit), decompressor);

    private static byte[] Frame(byte[] payload, byte flag = 0)
    {
        var frame = new byte[payload.Length + 5];
        frame[0] = flag;
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), payload.Length);
        payload.CopyTo(frame, 5);
        return frame;
    }

    private static byte[] Pack(string text)
    {
        var packed = new MemoryStream();
        using (var stream = Gzip.CreateCompressionStream(packed, null))
            stream.Write(Encoding.UTF8.GetBytes(text));
        return packed.ToArray();
    }

    private static string Text(Random random, int length) =>
        new([.. Enumerable.Range(0, length).Select(_ => (char)('a' + random.Next(26)))]);

    private static IEnumerable<byte[]> Cut(byte[] bytes, Random random)
    {
        for (var start = 0; start < bytes.Length;)
        {
            var length = Math.Min(random.Next(1, 40), bytes.Length - start);
            yield return bytes[start..(start + length)];
            start += length;
        }
    }
}
