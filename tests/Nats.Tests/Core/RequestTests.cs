using NATS.Client.Core;
using Rag.Nats.Tests.Running;

namespace Rag.Nats.Tests.Core;

public class RequestTests(SharedServer shared) : IClassFixture<SharedServer>
{
    private readonly CancellationToken _deadline = Deadline.Token();

    [Fact]
    public async Task Each_of_many_requests_at_a_time_gets_its_own_reply()
    {
        await using var server = shared.Server.Connect();
        await using var client = shared.Server.Connect();
        await using var questions = await server.SubscribeCoreAsync<int>("double", opts: new NatsSubOpts { ChannelOpts = new() { Capacity = 10_000 } });
        await server.PingAsync();
        var answering = Task.Run(async () =>
        {
            await foreach (var question in questions.Msgs.ReadAllAsync(_deadline))
                await question.ReplyAsync(question.Data * 2, new NatsHeaders { ["from"] = "server" });
        });
        var replies = await Task.WhenAll(Enumerable.Range(0, 2000)
            .Select(i => client.RequestAsync<int, int>("double", i, cancellationToken: _deadline).AsTask()));
        replies.Select(reply => reply.Data).ShouldBe(Enumerable.Range(0, 2000).Select(i => i * 2));
        replies[5].Headers!["from"].ToString().ShouldBe("server");
        await questions.UnsubscribeAsync();
        await answering;
    }

    [Fact]
    public async Task Nobody_listening_is_known_at_once()
    {
        await using var connection = shared.Server.Connect();
        await Should.ThrowAsync<NatsNoRespondersException>(
            async () => await connection.RequestAsync<string, string>("nobody", "hello?", cancellationToken: _deadline));
    }

    [Fact]
    public async Task No_reply_in_time_is_an_error_and_a_late_one_does_no_harm()
    {
        await using var server = shared.Server.Connect();
        await using var client = shared.Server.Connect();
        await using var questions = await server.SubscribeCoreAsync<string>("late");
        await server.PingAsync();
        await Should.ThrowAsync<NatsNoReplyException>(async () => await client.RequestAsync<string, string>(
            "late", "now?", replyOpts: new NatsSubOpts { Timeout = TimeSpan.FromMilliseconds(50) }));
        await (await questions.Msgs.ReadAsync(_deadline)).ReplyAsync("too late");
        await server.PingAsync();
        var next = client.RequestAsync<string, string>("late", "again?", cancellationToken: _deadline);
        await (await questions.Msgs.ReadAsync(_deadline)).ReplyAsync("in time");
        (await next).Data.ShouldBe("in time");
    }

    [Fact]
    public async Task A_request_can_be_cancelled_and_fails_when_the_connection_is_disposed()
    {
        await using var server = shared.Server.Connect();
        await using var questions = await server.SubscribeCoreAsync<string>("silent");
        await server.PingAsync();
        var client = shared.Server.Connect();
        using var cancelled = new CancellationTokenSource();
        var first = client.RequestAsync<string, string>("silent", "a", cancellationToken: cancelled.Token).AsTask();
        var second = client.RequestAsync<string, string>("silent", "b").AsTask();
        await questions.Msgs.ReadAsync(_deadline);
        await questions.Msgs.ReadAsync(_deadline);
        await cancelled.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => first);
        await client.DisposeAsync();
        await Should.ThrowAsync<ObjectDisposedException>(() => second);
    }

    [Fact]
    public async Task An_empty_reply_and_an_empty_question_are_allowed()
    {
        await using var connection = shared.Server.Connect();
        await using var questions = await connection.SubscribeCoreAsync<string>("empty");
        var asked = connection.RequestAsync<string, string>("empty", null, cancellationToken: _deadline);
        var question = await questions.Msgs.ReadAsync(_deadline);
        question.Data.ShouldBeNull();
        await question.ReplyAsync();
        (await asked).Data.ShouldBeNull();
    }

    [Fact]
    public async Task A_message_without_a_reply_subject_cannot_be_answered()
    {
        await using var connection = shared.Server.Connect();
        await using var messages = await connection.SubscribeCoreAsync<string>("no.reply");
        await connection.PublishAsync("no.reply", "x");
        var message = await messages.Msgs.ReadAsync(_deadline);
        await Should.ThrowAsync<NatsException>(async () => await message.ReplyAsync("y"));
    }
}
