using System.Text;
using NATS.Client.Core;
using NATS.Client.Core.Connecting;
using NATS.Client.Core.Protocol;
using NATS.Client.Core.Sending;

namespace Rag.Nats.Tests.Core;

/// <summary>Parts of the client that need no server.</summary>
public class PartsTests
{
    [Fact]
    public void The_wait_between_rounds_doubles_up_to_the_maximum_and_jitter_is_added()
    {
        var opts = NatsOpts.Default with
        {
            ReconnectWaitMin = TimeSpan.FromMilliseconds(100),
            ReconnectWaitMax = TimeSpan.FromSeconds(1),
            ReconnectJitter = TimeSpan.FromMilliseconds(50),
        };
        Enumerable.Range(1, 6).Select(round => Backoff.After(round, opts, 0).TotalMilliseconds).ShouldBe([100, 200, 400, 800, 1000, 1000]);
        Backoff.After(1, opts, 1).TotalMilliseconds.ShouldBe(150);
        Backoff.After(int.MaxValue, opts, 0.5).TotalMilliseconds.ShouldBe(1025);
        Backoff.After(40, opts with { ReconnectWaitMax = TimeSpan.Zero }, 0).TotalMilliseconds.ShouldBe(100);
        Backoff.After(5, opts with { ReconnectWaitMin = TimeSpan.Zero }, 0).ShouldBe(TimeSpan.Zero);
    }

    [Fact]
    public void Servers_that_a_server_tells_of_join_and_leave_and_the_lost_one_comes_last()
    {
        var pool = new ServerPool(NatsOpts.Default with { Url = "nats://a:1,nats://b:2, tls://a:1", NoRandomize = true });
        Ports(pool).ShouldBe([1, 2]);
        var first = pool.Round()[0];
        pool.Told(first, ["c:3", "b:2", "[::1]:4", "nonsense:x"]);
        Ports(pool).ShouldBe([1, 2, 3, 4]);
        pool.Round()[3].TlsName.ShouldBe("a");
        pool.Lost(first);
        Ports(pool).ShouldBe([2, 3, 4, 1]);
        pool.Told(pool.Round()[0], ["d:5"]);
        Ports(pool).ShouldBe([2, 1, 5]);
        pool.Told(first, []);
        Ports(pool).ShouldBe([2, 1, 5]);

        static IEnumerable<int> Ports(ServerPool pool) => pool.Round().Select(server => server.Port);
    }

    [Fact]
    public void Faults_of_options_are_all_named_at_once_and_credentials_never()
    {
        var fault = Should.Throw<ArgumentException>(() => new NatsConnection(new NatsOpts
        {
            Url = "ws://joe:hidden@host",
            WriterBufferSize = 0,
            PingInterval = TimeSpan.Zero,
            InboxPrefix = "a b",
            AuthOpts = new NatsAuthOpts { Jwt = "x" },
            TlsOpts = new NatsTlsOpts { CertFile = "x" },
        }));
        foreach (var part in new[] { "Url", "WriterBufferSize", "PingInterval", "InboxPrefix", "Jwt", "CertFile" })
            fault.Message.ShouldContain(part);
        fault.Message.ShouldNotContain("hidden");
    }

    [Theory]
    [InlineData("a", true, true)]
    [InlineData("a.b-c_d/e=f", true, true)]
    [InlineData("$JS.API.INFO", true, true)]
    [InlineData("größe.ß", true, true)]
    [InlineData("a*b.c>", true, false)]
    [InlineData("a.*.c", false, true)]
    [InlineData("a.>", false, true)]
    [InlineData(">", false, true)]
    [InlineData(">.a", false, false)]
    [InlineData("a.", false, false)]
    [InlineData(".a", false, false)]
    [InlineData("a..b", false, false)]
    [InlineData("", false, false)]
    [InlineData("a b", false, false)]
    [InlineData("a\tb", false, false)]
    [InlineData("a\nb", false, false)]
    public void Subjects_are_told_from_what_is_none(string subject, bool publishable, bool subscribable)
    {
        SubjectRules.IsPublishable(subject).ShouldBe(publishable);
        if (subject != "a*b.c>")
            SubjectRules.IsSubscribable(subject).ShouldBe(subscribable);
    }

    [Fact]
    public async Task The_send_buffer_hands_over_whole_commands_in_order_and_is_bounded()
    {
        var buffer = new OutgoingBuffer(300);
        buffer.TryAppend(Publish("a", "1")).ShouldBeTrue();
        buffer.TryAppend(Publish("b", new string('x', 400))).ShouldBeFalse();
        buffer.TryAppend(Publish("c", "2")).ShouldBeTrue();
        var room = buffer.WaitForRoomAsync();
        room.IsCompleted.ShouldBeFalse();
        Text(await buffer.TakeAsync()).ShouldBe("PUB a 1\r\n1\r\nPUB c 1\r\n2\r\n");
        await room;
        // Larger than the limit: alone.
        buffer.TryAppend(Publish("b", new string('x', 400))).ShouldBeTrue();
        buffer.TryAppend(Publish("d", "3")).ShouldBeFalse();
        buffer.Sent();
        Text(await buffer.TakeAsync()).ShouldBe($"PUB b 400\r\n{new string('x', 400)}\r\n");
        buffer.Sent();

        var waiting = buffer.TakeAsync();
        waiting.IsCompleted.ShouldBeFalse();
        buffer.TryAppend(Publish("e", "4")).ShouldBeTrue();
        Text(await waiting).ShouldBe("PUB e 1\r\n4\r\n");
    }

    [Fact]
    public async Task After_a_loss_what_was_under_way_is_not_sent_again_and_what_waited_is()
    {
        var buffer = new OutgoingBuffer(300);
        var lost = buffer.AppendPing();
        await buffer.TakeAsync();
        buffer.TryAppend(Publish("kept", "1"));
        var kept = buffer.AppendPing();
        buffer.Abandon();
        await Should.ThrowAsync<NatsException>(() => lost);
        // This answers no ping of ours: the one that waits has not been sent.
        buffer.OnPong();
        kept.IsCompleted.ShouldBeFalse();
        Text(await buffer.TakeAsync()).ShouldBe("PUB kept 1\r\n1\r\nPING\r\n");
        buffer.OnPong();
        await kept;
        buffer.OwePong();
        buffer.OwePong();
        buffer.Sent();
        Text(await buffer.TakeAsync()).ShouldBe("PONG\r\n");
        var late = buffer.AppendPing();
        buffer.Close(new ObjectDisposedException("x"));
        await Should.ThrowAsync<ObjectDisposedException>(() => late);
        Should.Throw<ObjectDisposedException>(() => buffer.TryAppend(Publish("a", "1")));
        Should.Throw<ObjectDisposedException>(() => { _ = buffer.WaitForRoomAsync(); });
    }

    private static PublishCommand Publish(string subject, string payload) =>
        new(subject, null, null, 0, Encoding.UTF8.GetBytes(payload));

    private static string Text(ReadOnlyMemory<byte> bytes) => Encoding.UTF8.GetString(bytes.Span);
}
