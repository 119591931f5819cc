using System.Text;
using System.Text.Json;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using NATS.Client.Core;
using NATS.Client.JetStream;
using NATS.Client.JetStream.Models;
using NATS.Net;
using Rag.Hosting.Messaging;
using Rag.Metadata;
using Rag.Router.Publishing;
using Rag.Router.Tests.Fakes;
using Rag.Testing;
using Rag.V1;

namespace Rag.Router.Tests.Publishing;

public sealed class PublishingTests : IAsyncLifetime
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(45);

    private readonly NatsOptions _nats = new() { Cluster = "t" };
    private readonly CancellationTokenSource _deadline = new(Limit);
    private NatsServer _server = null!;
    private NatsConnection _publisher = null!;
    private INatsJSContext _js = null!;

    private CancellationToken Stop => _deadline.Token;

    public async ValueTask InitializeAsync()
    {
        _server = await NatsServer.StartAsync();
        _publisher = _server.Connect();
        _js = _publisher.CreateJetStreamContext();
    }

    public async ValueTask DisposeAsync()
    {
        await _publisher.DisposeAsync();
        await _server.DisposeAsync();
        _deadline.Dispose();
    }

    [Fact]
    public async Task A_published_document_becomes_the_same_job_as_a_call_and_its_publisher_is_answered()
    {
        await using var fixture = await RouterFixture.StartAsync();
        var workspace = await fixture.CreateAsync("my.docs");
        await using var one = await StartAsync(fixture);
        await using var two = await StartAsync(fixture);
        await using var replies = await _publisher.SubscribeCoreAsync<string>("_INBOX.test.*", cancellationToken: Stop);
        var content = new byte[700_000];
        new Random(3).NextBytes(content);
        await PublishAsync("my%2Edocs", content, ("Rag-Document-Id", "d1"), ("Rag-Priority", "high"),
            ("Rag-Metadata", "{\"year\":2024}"), ("Nats-Msg-Id", "first"), ("Rag-Reply", "_INBOX.test.1"));
        var reply = await replies.Msgs.ReadAsync(Stop);
        reply.Headers!["Rag-Status"].ToString().ShouldBe("0");
        var job = JsonDocument.Parse(reply.Data!).RootElement.GetProperty("job");
        (job.GetProperty("state").GetString(), job.GetProperty("documentId").GetString(), job.GetProperty("priority").GetString())
            .ShouldBe(("JOB_STATE_QUEUED", "d1", "JOB_PRIORITY_HIGH"));
        var id = Guid.Parse(job.GetProperty("jobId").GetString()!);
        var record = (await fixture.Metadata.Jobs.FindAsync(Guid.Parse(workspace.Uid), id, default))!;
        record.ContentHash.ToArray().ShouldBe(System.Security.Cryptography.SHA256.HashData(content));
        DocumentSource.Parser.ParseFrom(record.Metadata.Span).Metadata["year"].IntegerValue.ShouldBe(2024);

        // The same message again, behind the stream's own memory of ids: by its id it is the same request.
        var headers = new NatsHeaders { ["Rag-Document-Id"] = "d1", ["Nats-Msg-Id"] = "first", ["Rag-Reply"] = "_INBOX.test.2" };
        await _js.PurgeStreamAsync(_nats.Stream("ingest"), new StreamPurgeRequest(), Stop);
        await _js.DeleteStreamAsync(_nats.Stream("ingest"), Stop);
        await Eventually.HoldsAsync(
            async () =>
            {
                try
                {
                    var ack = await _js.PublishAsync(_nats.Subject("ingest.my%2Edocs"), content, headers: headers, cancellationToken: Stop);
                    return ack.Error is null;
                }
                catch (NatsJSException)
                {
                    return false;
                }
            },
            "the stream to be made again");
        reply = await replies.Msgs.ReadAsync(Stop);
        JsonDocument.Parse(reply.Data!).RootElement.GetProperty("job").GetProperty("jobId").GetString().ShouldBe(id.ToString());
        (await fixture.Ingest.ListJobsAsync(new ListJobsRequest { Workspace = "my.docs" })).Jobs.Count.ShouldBe(1);
        await EmptyAsync();
    }

    [Fact]
    public async Task What_cannot_succeed_is_answered_recorded_and_not_delivered_again()
    {
        await using var fixture = await RouterFixture.StartAsync();
        await fixture.CreateAsync();
        await using var router = await StartAsync(fixture);
        await using var replies = await _publisher.SubscribeCoreAsync<string>("_INBOX.test.*", cancellationToken: Stop);
        var expected = new Dictionary<string, (StatusCode Code, string Told)>
        {
            ["_INBOX.test.1"] = (StatusCode.InvalidArgument, "document_id"),
            ["_INBOX.test.2"] = (StatusCode.NotFound, "missing"),
            ["_INBOX.test.3"] = (StatusCode.InvalidArgument, "Rag-Priority"),
            ["_INBOX.test.4"] = (StatusCode.InvalidArgument, "request_id"),
        };
        await PublishAsync("docs", "text"u8.ToArray(), ("Rag-Reply", "_INBOX.test.1"));
        await PublishAsync("missing", "text"u8.ToArray(), ("Rag-Document-Id", "d"), ("Rag-Reply", "_INBOX.test.2"));
        await PublishAsync("docs", "text"u8.ToArray(), ("Rag-Document-Id", "d"), ("Rag-Priority", "now"), ("Rag-Reply", "_INBOX.test.3"),
            ("Authorization", "Bearer secret"));
        await PublishAsync("docs", "text"u8.ToArray(), ("Rag-Document-Id", "d"), ("Rag-Request-Id", "none"), ("Rag-Reply", "_INBOX.test.4"));
        while (expected.Count > 0)
        {
            var reply = await replies.Msgs.ReadAsync(Stop);
            expected.Remove(reply.Subject, out var told).ShouldBeTrue(reply.Subject);
            reply.Headers!["Rag-Status"].ToString().ShouldBe($"{(int)told.Code}");
            reply.Data.ShouldNotBeNull().ShouldContain(told.Told);
        }

        await EmptyAsync();
        var record = await _js.GetStreamAsync(_nats.Stream("ingest-dead"), Stop);
        await Eventually.HoldsAsync(
            async () =>
            {
                await record.RefreshAsync(cancellationToken: Stop);
                return record.Info.State.Messages == 4;
            },
            "all four on record");
        var dead = await record.GetAsync(new StreamMsgGetRequest { LastBySubj = _nats.Subject("ingest-dead.missing") }, Stop);
        Encoding.UTF8.GetString(dead.Message.Data.Span).ShouldContain("There is no workspace 'missing'");
        for (var i = 1UL; i <= 4; i++)
        {
            var headers = Encoding.UTF8.GetString((await record.GetAsync(new StreamMsgGetRequest { Seq = i }, Stop)).Message.Hdrs.Span);
            headers.ShouldNotContain("secret");
        }

        (await fixture.Ingest.ListJobsAsync(new ListJobsRequest { Workspace = "docs" })).Jobs.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_workspace_without_room_is_told_so_after_some_tries_and_holds_up_no_other()
    {
        await using var fixture = await RouterFixture.StartAsync(options: new RouterOptions { MaxUnfinishedJobs = 1 });
        await fixture.CreateAsync("full");
        await fixture.CreateAsync("other");
        await using var router = await StartAsync(fixture, new PublishingOptions
        {
            Parallelism = 2, MaxDeliveries = 3, MaxWaitingPerWorkspace = 6, MaxWaitingBytes = 1 << 20, DeadLetterBytes = 1 << 20,
        });
        await using var replies = await _publisher.SubscribeCoreAsync<string>("_INBOX.test.*", cancellationToken: Stop);
        await PublishAsync("full", "text"u8.ToArray(), ("Rag-Document-Id", "first"), ("Rag-Reply", "_INBOX.test.1"));
        (await replies.Msgs.ReadAsync(Stop)).Headers!["Rag-Status"].ToString().ShouldBe("0");
        var acks = await Task.WhenAll(Enumerable.Range(0, 40).Select(async i => await _js.PublishAsync(
            _nats.Subject("ingest.full"), "text", cancellationToken: Stop,
            headers: new NatsHeaders { ["Rag-Document-Id"] = $"{i}", ["Rag-Reply"] = $"_INBOX.test.full{i}" })));
        // Few wait: beyond that the publisher is refused at once.
        var stored = acks.Count(ack => ack.Error is null);
        stored.ShouldBeInRange(6, 39);
        await PublishAsync("other", "text"u8.ToArray(), ("Rag-Document-Id", "a"), ("Rag-Reply", "_INBOX.test.other"));
        var order = new List<string>();
        for (var i = 0; i < stored + 1; i++)
        {
            var reply = await replies.Msgs.ReadAsync(Stop);
            order.Add(reply.Subject);
            reply.Headers!["Rag-Status"].ToString().ShouldBe(reply.Subject == "_INBOX.test.other" ? "0" : $"{(int)StatusCode.ResourceExhausted}");
        }

        order[^1].ShouldNotBe("_INBOX.test.other");
        await EmptyAsync();
    }

    private async Task<Publishing> StartAsync(RouterFixture fixture, PublishingOptions? options = null)
    {
        var services = new ServiceCollection();
        var connection = services.AddNats(
            _nats with { Urls = [_server.Url], ConnectTimeout = TimeSpan.FromSeconds(20) },
            Microsoft.Extensions.Logging.Abstractions.NullLoggerFactory.Instance);
        options ??= new PublishingOptions { MaxWaitingBytes = 16 << 20, DeadLetterBytes = 1 << 20 };
        var router = fixture.AddRouter(configure: added =>
        {
            foreach (var service in services)
                added.Add(service);
            added.AddPublishing(options);
        });
        var running = new Publishing(router.Provider.GetServices<IHostedService>().OfType<DocumentConsumer>().Single(), connection);
        await running.Consumer.StartAsync(Stop);
        await Eventually.HoldsAsync(
            async () =>
            {
                try
                {
                    await _js.GetConsumerAsync(_nats.Stream("ingest"), "routers", Stop);
                    return true;
                }
                catch (NatsJSException)
                {
                    return false;
                }
            },
            "the consumer");
        return running;
    }

    private async Task PublishAsync(string workspace, byte[] content, params (string Name, string Value)[] headers)
    {
        var all = new NatsHeaders();
        foreach (var (name, value) in headers)
            all[name] = value;
        (await _js.PublishAsync(_nats.Subject($"ingest.{workspace}"), content, headers: all, cancellationToken: Stop)).EnsureSuccess();
    }

    private Task EmptyAsync() => Eventually.HoldsAsync(
        async () => (await _js.GetStreamAsync(_nats.Stream("ingest"), Stop)).Info.State.Messages == 0, "the stream to be empty");

    private sealed class Publishing(DocumentConsumer consumer, INatsConnection connection) : IAsyncDisposable
    {
        public DocumentConsumer Consumer => consumer;

        public async ValueTask DisposeAsync()
        {
            await consumer.StopAsync(default);
            await connection.DisposeAsync();
        }
    }
}
