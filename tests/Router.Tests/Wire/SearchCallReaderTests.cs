using System.Buffers;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Rag.Router.Wire;
using Rag.V1;

namespace Rag.Router.Tests.Wire;

public sealed class SearchCallReaderTests
{
    private const int Rounds = 20_000;

    [Fact]
    public void Whatever_comes_means_what_the_generated_parser_makes_of_it()
    {
        var random = new Random(11);
        var plain = 0;
        for (var round = 0; round < Rounds; round++)
        {
            var bytes = Mutate(random, Item(random).ToByteArray());
            SearchStreamRequest? expected = null;
            try
            {
                expected = SearchStreamRequest.Parser.ParseFrom(bytes);
            }
            catch (InvalidProtocolBufferException)
            {
                // Then it must be refused.
            }

            if (expected is null)
            {
                Should.Throw<RpcException>(() => SearchCallReader.ReadItem(Split(random, bytes)))
                    .StatusCode.ShouldBe(StatusCode.InvalidArgument);
                continue;
            }

            var call = SearchCallReader.ReadItem(Split(random, bytes));
            plain += call.IsPlain ? 1 : 0;
            var read = new SearchStreamRequest
            {
                CorrelationId = call.CorrelationId, Search = call.ToMessage(), Timeout = call.Timeout,
            };
            ShouldMean(call.IsPlain, read.Search, expected.Search);
            read.CorrelationId.ShouldBe(expected.CorrelationId);
            read.Timeout.ShouldBe(expected.Timeout);
            call.Return();
        }

        // The test is about both ways.
        plain.ShouldBeInRange(Rounds / 20, Rounds * 19 / 20);
    }

    [Fact]
    public void A_batch_is_read_search_by_search()
    {
        var random = new Random(12);
        for (var round = 0; round < 300; round++)
        {
            var expected = new SearchBatchRequest();
            for (var i = random.Next(5); i > 0; i--)
                expected.Searches.Add(Search(random));
            var batch = SearchCallReader.ReadBatch(Split(random, expected.ToByteArray()));
            batch.Items.Count.ShouldBe(expected.Searches.Count);
            for (var i = 0; i < batch.Items.Count; i++)
                ShouldMean(batch.Items[i].IsPlain, batch.Items[i].ToMessage(), expected.Searches[i]);
            batch.Return();
        }
    }

    [Fact]
    public void A_broken_batch_is_refused()
    {
        var bytes = new SearchBatchRequest { Searches = { new SearchRequest { Workspace = "docs" } } }.ToByteArray();
        Should.Throw<RpcException>(() => SearchCallReader.ReadBatch(new ReadOnlySequence<byte>(bytes.AsMemory(0, 4))))
            .StatusCode.ShouldBe(StatusCode.InvalidArgument);
        Should.Throw<RpcException>(() => SearchCallReader.Read(new ReadOnlySequence<byte>([0x0A, 0xFF])))
            .StatusCode.ShouldBe(StatusCode.InvalidArgument);
    }

    [Fact]
    public void A_call_that_is_used_again_holds_nothing_of_the_one_before()
    {
        var first = SearchCallReader.Read(new ReadOnlySequence<byte>(new SearchRequest
        {
            Workspace = "first", K = 7, RecallTarget = 0.9f, ReturnFields = new ReturnFields { Text = true },
            Vector = new Vector { Packed = ByteString.CopyFrom(new byte[64]) },
        }.ToByteArray()));
        first.IsPlain.ShouldBeTrue();
        first.Clear();
        first.ToMessage().ShouldBeNull();
        first.TrySetWorkspace("two"u8).ShouldBeTrue();
        first.TrySetVector(new byte[16]).ShouldBeTrue();
        first.IsPlain = true;
        first.ToMessage().ShouldBe(new SearchRequest
        {
            Workspace = "two", Vector = new Vector { Packed = ByteString.CopyFrom(new byte[16]) },
        });
    }

    [Fact]
    public void A_vector_stands_on_a_line_of_the_cache()
    {
        foreach (var dimension in (int[])[1, 16, 384, 385, 4096])
        {
            var call = new SearchCall();
            call.TrySetVector(new byte[dimension * sizeof(float)]).ShouldBeTrue();
            using var pinned = call.Vector.Pin();
            unsafe
            {
                ((nuint)pinned.Pointer % 64).ShouldBe((nuint)0);
            }

            call.Vector.Length.ShouldBe(dimension);
        }
    }

    private static void ShouldMean(bool isPlain, SearchRequest? read, SearchRequest? expected)
    {
        // Dense is what not saying it means.
        if (isPlain && expected is { Mode: SearchMode.Dense })
            expected.Mode = SearchMode.Unspecified;
        (read?.ToByteString()).ShouldBe(expected?.ToByteString());
    }

    private static SearchStreamRequest Item(Random random)
    {
        var item = new SearchStreamRequest { CorrelationId = (ulong)random.NextInt64(), Search = Search(random) };
        if (random.Next(2) == 0)
            item.Timeout = new Duration { Seconds = random.Next(3), Nanos = random.Next(1000) };
        if (random.Next(20) == 0)
            item.Search = null;
        return item;
    }

    private static SearchRequest Search(Random random)
    {
        var components = new byte[4 * random.Next(1, 20)];
        random.NextBytes(components);
        var search = new SearchRequest
        {
            Workspace = random.Next(10) == 0 ? "größe" : $"w-{random.Next(100)}",
            Vector = new Vector { Packed = ByteString.CopyFrom(components) },
            K = random.Next(4) switch { 0 => 0, 1 => 10, 2 => random.Next(400), _ => random.Next(10) - 5 },
            Mode = (SearchMode)random.Next(3),
        };
        switch (random.Next(5))
        {
            case 0:
                search.RecallTarget = random.NextSingle() * 1.2f;
                break;
            case 1:
                search.Ef = random.Next(-2, 200);
                break;
            case 2:
                search.Exact = random.Next(2) == 0;
                break;
        }

        if (random.Next(3) == 0)
        {
            search.ReturnFields = new ReturnFields
            {
                Text = random.Next(2) == 0, Metadata = random.Next(2) == 0, Passage = random.Next(2) == 0,
            };
            if (random.Next(5) == 0)
                search.ReturnFields.Vectors.Add("");
        }

        switch (random.Next(12))
        {
            case 0:
                search.Text = "words";
                break;
            case 1:
                search.Space = "title";
                break;
            case 2:
                search.Offset = 3;
                break;
            case 3:
                search.Vector = new Vector { Dense = new DenseVector { Values = { 1, 2, 3 } } };
                break;
            case 4:
                search.Paging = true;
                break;
        }

        return search;
    }

    // Most stay as they are; others are cut, changed, repeated, or get a field that nobody knows.
    private static byte[] Mutate(Random random, byte[] bytes)
    {
        switch (random.Next(10))
        {
            case 0:
                return bytes[..random.Next(bytes.Length + 1)];
            case 1:
                bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
                return bytes;
            case 2:
                return [.. bytes, .. bytes];
            case 3:
                return [.. bytes, 15 << 3, 1];
            case 4:
                for (var i = 0; i < 3; i++)
                    bytes[random.Next(Math.Min(bytes.Length, 24))] = (byte)random.Next(256);
                return bytes;
            default:
                return bytes;
        }
    }

    private static ReadOnlySequence<byte> Split(Random random, byte[] bytes)
    {
        if (bytes.Length < 2 || random.Next(2) == 0)
            return new ReadOnlySequence<byte>(bytes);
        var first = new Segment(bytes.AsMemory(0, random.Next(bytes.Length)), 0);
        var (last, at) = (first, first.Memory.Length);
        while (at < bytes.Length)
        {
            var length = random.Next(1, bytes.Length - at + 1);
            last = last.Append(bytes.AsMemory(at, length));
            at += length;
        }

        return new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
    }

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public Segment(ReadOnlyMemory<byte> memory, long index) => (Memory, RunningIndex) = (memory, index);

        public Segment Append(ReadOnlyMemory<byte> memory)
        {
            var next = new Segment(memory, RunningIndex + Memory.Length);
            Next = next;
            return next;
        }
    }
}
