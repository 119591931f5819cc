using System.Runtime.InteropServices;
using Grpc.Core;
using Rag.Router.Tests.Fakes;
using Rag.V1;

namespace Rag.Router.Tests.Embedding;

public sealed class EmbedTests(SharedRouter shared) : IClassFixture<SharedRouter>
{
    [Fact]
    public async Task Texts_come_back_as_vectors_in_their_order_with_their_tokens()
    {
        var answer = await shared.Fixture.Embedding.EmbedAsync(
            new EmbedRequest { Texts = { "ab", "c" }, ReturnTokenIds = true, Encoder = Encoder.Lookup });
        answer.Model.ShouldBe("tiny");
        answer.Encoder.ShouldBe(Encoder.Lookup);
        answer.Vectors.Select(vector => MemoryMarshal.Cast<byte, float>(vector.Packed.Span).ToArray())
            .ShouldBe([FakeScoring.Embed("ab"), FakeScoring.Embed("c")]);
        answer.TokenCounts.ShouldBe([2, 1]);
        answer.TokenIds.Select(ids => ids.Ids.ToArray()).ShouldBe([['a', 'b'], ['c']]);
        (await shared.Fixture.Embedding.EmbedAsync(new EmbedRequest { Texts = { "ab" } })).TokenIds.ShouldBeEmpty();
    }

    [Fact]
    public async Task Bad_requests_name_the_field()
    {
        foreach (var (request, field) in new[]
        {
            (new EmbedRequest(), "texts"),
            (new EmbedRequest { Texts = { Enumerable.Repeat("a", 1001) } }, "texts"),
            (new EmbedRequest { Texts = { "a", new string('x', 65_537) } }, "texts[1]"),
            (new EmbedRequest { Texts = { "a" }, Model = "gpt" }, "model"),
            (new EmbedRequest { Texts = { "a" }, Encoder = Encoder.Client }, "encoder"),
            (new EmbedRequest { Texts = { "a" }, Purpose = (EmbedPurpose)9 }, "purpose"),
        })
        {
            var error = await RouterFixture.FailureAsync(shared.Fixture.Embedding.EmbedAsync(request));
            error.StatusCode.ShouldBe(StatusCode.InvalidArgument);
            RouterFixture.FieldsOf(error).ShouldBe([field]);
        }
    }
}
