using NATS.Client.Core;
using Rag.Hosting.Messaging;
using Rag.Router.Errors;
using Rag.Router.Publishing;
using Rag.V1;

namespace Rag.Router.Tests.Publishing;

public sealed class PublishedDocumentTests
{
    [Fact]
    public void Subject_and_headers_become_the_first_message_of_an_upload()
    {
        var headers = new NatsHeaders
        {
            ["Rag-Document-Id"] = "d1", ["Rag-File-Name"] = "größe.md", ["Content-Type"] = "text/markdown",
            ["Rag-Priority"] = "Bulk", ["Rag-Force"] = "true", ["Authorization"] = "Bearer key", ["Grpc-Timeout"] = "1n",
            ["Rag-Metadata"] = """{"lang":"en","year":2024,"score":0.5,"draft":false,"tags":["a","b"],"sizes":[1,2.5],"ids":[1,2]}""",
        };
        var document = PublishedDocument.Read("rag.main.ingest.my%2Eworkspace%20%C3%A9", headers, "id");
        var source = document.Header.Source;
        (source.Workspace, source.DocumentId, source.FileName, source.MediaType, source.Priority, source.Force, document.Header.RequestId)
            .ShouldBe(("my.workspace é", "d1", "größe.md", "text/markdown", JobPriority.Bulk, true, "id"));
        source.Metadata["lang"].StringValue.ShouldBe("en");
        source.Metadata["year"].IntegerValue.ShouldBe(2024);
        source.Metadata["score"].FloatValue.ShouldBe(0.5);
        source.Metadata["draft"].HasBoolValue.ShouldBeTrue();
        source.Metadata["tags"].StringList.Values.ShouldBe(["a", "b"]);
        source.Metadata["sizes"].FloatList.Values.ShouldBe([1, 2.5]);
        source.Metadata["ids"].IntegerList.Values.ShouldBe([1, 2]);
        // Of the headers only those that name a caller or a trace reach the call.
        document.Call.Select(entry => entry.Key).Order().ShouldBe(["authorization", "rag-via"]);
    }

    [Theory]
    [InlineData("Rag-Priority", "urgent")]
    [InlineData("Rag-Force", "perhaps")]
    [InlineData("Rag-Metadata", "[1]")]
    [InlineData("Rag-Metadata", "{\"a\":1")]
    [InlineData("Rag-Metadata", "{\"a\":null}")]
    [InlineData("Rag-Metadata", "{\"a\":{}}")]
    [InlineData("Rag-Metadata", "{\"a\":[]}")]
    [InlineData("Rag-Metadata", "{\"a\":[1,\"b\"]}")]
    [InlineData("Rag-Metadata", "{\"a\":[[1]]}")]
    [InlineData("Authorization", "schlüssel")]
    public void A_header_that_cannot_be_read_is_refused_by_name(string name, string value)
    {
        var refused = Should.Throw<RefusedException>(() => PublishedDocument.Read("rag.main.ingest.docs", new NatsHeaders { [name] = value }, "id"));
        refused.Violations.Single().Field.ShouldBe(name);
    }

    [Fact]
    public void A_request_id_is_given_or_made_from_the_messages_id_or_place_always_the_same()
    {
        var given = Guid.NewGuid().ToString();
        PublishedDocument.RequestIdOf(new NatsHeaders { ["Rag-Request-Id"] = given, ["Nats-Msg-Id"] = "m" }, "p").ShouldBe(given);
        PublishedDocument.RequestIdOf(new NatsHeaders { ["Nats-Msg-Id"] = given }, "p").ShouldBe(given);
        var made = PublishedDocument.RequestIdOf(new NatsHeaders { ["Nats-Msg-Id"] = "m" }, "p");
        Guid.TryParseExact(made, "D", out _).ShouldBeTrue();
        PublishedDocument.RequestIdOf(new NatsHeaders { ["Nats-Msg-Id"] = "m" }, "elsewhere").ShouldBe(made);
        PublishedDocument.RequestIdOf(new NatsHeaders { ["Nats-Msg-Id"] = "n" }, "p").ShouldNotBe(made);
        PublishedDocument.RequestIdOf(null, "p").ShouldBe(PublishedDocument.RequestIdOf(new NatsHeaders(), "p"));
        PublishedDocument.RequestIdOf(null, "p").ShouldNotBe(PublishedDocument.RequestIdOf(null, "q"));
    }

    [Theory]
    [InlineData("_INBOX.abc.1", true)]
    [InlineData("rag.main.ingest-reply.me", true)]
    [InlineData("", false)]
    [InlineData("rag.main.topology", false)]
    [InlineData("$JS.API.STREAM.DELETE.rag-main-log", false)]
    [InlineData("_INBOX.>", false)]
    [InlineData("_INBOX.a b", false)]
    [InlineData("_INBOX.a..b", false)]
    [InlineData("_INBOX.", false)]
    public async Task Answers_go_only_where_no_harm_is_done(string subject, bool allowed)
    {
        await using var connection = new NatsConnection(new NatsOpts());
        new PublishingAnswers(connection, new NatsOptions(), new PublishingOptions()).IsReply(subject).ShouldBe(allowed);
    }

    [Fact]
    public void Unusable_options_are_refused_with_every_error()
    {
        new PublishingOptions().Validate().ShouldBeEmpty();
        new PublishingOptions { Parallelism = 0, MaxMessageBytes = 1, DeadLetterAge = TimeSpan.Zero }.Validate().Count.ShouldBe(3);
    }
}
