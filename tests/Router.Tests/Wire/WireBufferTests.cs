using Google.Protobuf;
using Rag.Hosting.Wire;
using Rag.V1;

namespace Rag.Router.Tests.Wire;

public sealed class WireBufferTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(127)]
    [InlineData(128)]
    [InlineData(16_383)]
    [InlineData(16_384)]
    [InlineData(3_000_000)]
    public void A_message_of_any_length_within_others_is_what_the_generated_code_reads(int length)
    {
        var text = new string('x', length);
        var buffer = new WireBuffer();
        var result = buffer.Begin(2 << 3 | 2);
        var response = buffer.Begin(1 << 3 | 2);
        var hit = buffer.Begin(1 << 3 | 2);
        if (length > 0)
            buffer.Bytes(4 << 3 | 2, System.Text.Encoding.UTF8.GetBytes(text));
        buffer.Fixed32(3 << 3 | 5, 0.5f);
        buffer.Varint(8 << 3 | 0, ulong.MaxValue);
        buffer.End(hit);
        buffer.End(response);
        buffer.End(result);
        var expected = new SearchStreamResponse
        {
            Result = new SearchResult
            {
                Response = new SearchResponse { Hits = { new SearchHit { Text = text, Score = 0.5f, Version = -1 } } },
            },
        };
        SearchStreamResponse.Parser.ParseFrom(buffer.Written).ShouldBe(expected);
        buffer.Length.ShouldBe(expected.CalculateSize());

        buffer.Clear();
        buffer.Length.ShouldBe(0);
        buffer.Varint(1 << 3 | 0, 7);
        SearchStreamResponse.Parser.ParseFrom(buffer.Written).CorrelationId.ShouldBe(7UL);
    }

    [Fact]
    public void What_is_taken_back_is_not_there()
    {
        var buffer = new WireBuffer();
        buffer.Varint(1 << 3 | 0, 5);
        var length = buffer.Length;
        buffer.Bytes(2 << 3 | 2, new byte[5000]);
        buffer.TruncateTo(length);
        SearchStreamResponse.Parser.ParseFrom(buffer.Written).ShouldBe(new SearchStreamResponse { CorrelationId = 5 });
        Should.Throw<ArgumentOutOfRangeException>(() => buffer.TruncateTo(length + 1));
    }
}
