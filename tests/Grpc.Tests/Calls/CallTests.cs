using Google.Protobuf;
using Grpc.Core;
using Rag.Testing;

namespace Rag.Transport.Tests.Calls;

/// <summary>What a call does whatever carries it. Each test runs over HTTP/2 and within the process.</summary>
public abstract class CallTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(10);

    [Fact]
    public async Task A_unary_call_answers()
    {
        await using var host = await StartAsync();
        var pong = await host.Client.UnaryAsync(new Ping { Number = 7, Text = "grüße" });
        pong.Number.ShouldBe(7);
        pong.Text.ShouldBe("grüße");
    }

    [Fact]
    public async Task A_blocking_unary_call_answers()
    {
        await using var host = await StartAsync();
        (await Task.Run(() => host.Client.Unary(new Ping { Number = 3 }))).Number.ShouldBe(3);
    }

    [Fact]
    public async Task A_stream_of_requests_gives_one_response()
    {
        await using var host = await StartAsync();
        using var call = host.Client.Collect();
        for (var i = 1; i <= 100; i++)
            await call.RequestStream.WriteAsync(new Ping { Number = i });
        await call.RequestStream.CompleteAsync();
        (await call).Number.ShouldBe(5050);
        call.GetStatus().StatusCode.ShouldBe(StatusCode.OK);
    }

    [Fact]
    public async Task A_stream_of_responses_comes_in_order()
    {
        await using var host = await StartAsync();
        using var call = host.Client.Repeat(new Ping { Number = 1000, Text = "x" });
        var next = 0;
        await foreach (var pong in call.ResponseStream.ReadAllAsync())
            pong.Number.ShouldBe(next++);
        next.ShouldBe(1000);
        call.GetStatus().StatusCode.ShouldBe(StatusCode.OK);
    }

    [Fact]
    public async Task Streams_both_ways_are_independent()
    {
        await using var host = await StartAsync();
        using var call = host.Client.Converse();
        for (var i = 0; i < 50; i++)
        {
            await call.RequestStream.WriteAsync(new Ping { Number = i });
            (await call.ResponseStream.MoveNext()).ShouldBeTrue();
            call.ResponseStream.Current.Number.ShouldBe(i);
        }

        await call.RequestStream.CompleteAsync();
        (await call.ResponseStream.MoveNext()).ShouldBeFalse();
    }

    [Fact]
    public async Task A_duplex_call_without_messages_ends_well()
    {
        await using var host = await StartAsync();
        using var call = host.Client.Converse();
        await call.RequestStream.CompleteAsync();
        (await call.ResponseStream.MoveNext()).ShouldBeFalse();
        call.GetStatus().ShouldBe(Status.DefaultSuccess);
    }

    [Fact]
    public async Task A_large_message_arrives_whole()
    {
        await using var host = await StartAsync();
        var payload = new byte[3 * 1024 * 1024];
        new Random(1).NextBytes(payload);
        var pong = await host.Client.UnaryAsync(new Ping { Payload = ByteString.CopyFrom(payload) });
        pong.Payload.Span.SequenceEqual(payload).ShouldBeTrue();
    }

    [Fact]
    public async Task A_status_with_text_and_trailers_reaches_the_caller()
    {
        await using var host = await StartAsync();
        host.Service.OnUnary = (_, context) =>
        {
            context.ResponseTrailers.Add("added", "first");
            throw new RpcException(new Status(StatusCode.FailedPrecondition, "ä\t100% \r\n ☺"),
                new Metadata { { "reason", "later" }, { "blob-bin", [0, 255, 10] } });
        };
        var e = await Should.ThrowAsync<RpcException>(host.Client.UnaryAsync(new Ping()).ResponseAsync);
        e.StatusCode.ShouldBe(StatusCode.FailedPrecondition);
        e.Status.Detail.ShouldBe("ä\t100% \r\n ☺");
        e.Trailers.GetValue("reason").ShouldBe("later");
        e.Trailers.GetValue("added").ShouldBe("first");
        e.Trailers.GetValueBytes("blob-bin").ShouldBe([0, 255, 10]);
    }

    [Fact]
    public async Task A_status_that_the_handler_sets_reaches_the_caller()
    {
        await using var host = await StartAsync();
        host.Service.OnRepeat = async (_, pongs, context) =>
        {
            await pongs.WriteAsync(new Pong { Number = 1 });
            context.Status = new Status(StatusCode.DataLoss, "half");
        };
        using var call = host.Client.Repeat(new Ping());
        (await call.ResponseStream.MoveNext()).ShouldBeTrue();
        var e = await Should.ThrowAsync<RpcException>(call.ResponseStream.MoveNext());
        e.Status.ShouldBe(new Status(StatusCode.DataLoss, "half"));
        call.GetStatus().StatusCode.ShouldBe(StatusCode.DataLoss);
    }

    [Fact]
    public async Task An_unexpected_exception_tells_the_caller_nothing_and_is_logged_once()
    {
        await using var host = await StartAsync();
        host.Service.OnUnary = (_, _) => throw new InvalidOperationException("secret");
        var e = await Should.ThrowAsync<RpcException>(host.Client.UnaryAsync(new Ping()).ResponseAsync);
        e.StatusCode.ShouldBe(StatusCode.Unknown);
        e.Status.Detail.ShouldNotContain("secret");
        host.Log.Entries.Count(entry => entry.Level >= Microsoft.Extensions.Logging.LogLevel.Warning).ShouldBe(1);
    }

    [Fact]
    public async Task Metadata_travels_both_ways()
    {
        await using var host = await StartAsync();
        host.Service.OnUnary = async (_, context) =>
        {
            var headers = new Metadata();
            foreach (var entry in context.RequestHeaders.Where(entry => entry.Key.StartsWith("my-", StringComparison.Ordinal)))
                headers.Add(entry);
            await context.WriteResponseHeadersAsync(headers);
            context.ResponseTrailers.Add("end", "yes");
            return new Pong();
        };
        var sent = new Metadata { { "My-Text", "a b" }, { "my-text", "c" }, { "my-bytes-bin", [1, 2, 3, 4] } };
        using var call = host.Client.UnaryAsync(new Ping(), sent);
        var headers = await call.ResponseHeadersAsync;
        await call;
        // HTTP may join values of one key with commas, and HttpClient does.
        string.Join(", ", headers.GetAll("my-text").Select(entry => entry.Value)).ShouldBe("a b, c");
        headers.GetValueBytes("my-bytes-bin").ShouldBe([1, 2, 3, 4]);
        call.GetTrailers().GetValue("end").ShouldBe("yes");
    }

    [Fact]
    public async Task Headers_arrive_before_the_first_response()
    {
        await using var host = await StartAsync();
        var release = new TaskCompletionSource();
        host.Service.OnConverse = async (_, _, context) =>
        {
            await context.WriteResponseHeadersAsync(new Metadata { { "early", "1" } });
            await release.Task;
        };
        using var call = host.Client.Converse();
        (await call.ResponseHeadersAsync.WaitAsync(Soon)).GetValue("early").ShouldBe("1");
        release.SetResult();
        (await call.ResponseStream.MoveNext()).ShouldBeFalse();
    }

    [Fact]
    public async Task A_passed_deadline_ends_the_call_on_both_sides()
    {
        await using var host = await StartAsync();
        var cancelled = new TaskCompletionSource();
        DateTime? seen = null;
        host.Service.OnUnary = async (_, context) =>
        {
            seen = context.Deadline;
            using var registration = context.CancellationToken.Register(() => cancelled.TrySetResult());
            await cancelled.Task;
            return new Pong();
        };
        var deadline = DateTime.UtcNow.AddMilliseconds(200);
        var e = await Should.ThrowAsync<RpcException>(
            host.Client.UnaryAsync(new Ping(), deadline: deadline).ResponseAsync.WaitAsync(Soon));
        e.StatusCode.ShouldBe(StatusCode.DeadlineExceeded);
        DateTime.UtcNow.ShouldBeGreaterThanOrEqualTo(deadline);
        await cancelled.Task.WaitAsync(Soon);
        seen.ShouldNotBeNull();
        Math.Abs((seen.Value - deadline).TotalMilliseconds).ShouldBeLessThan(150);
    }

    [Fact]
    public async Task A_deadline_in_the_past_never_reaches_the_server()
    {
        await using var host = await StartAsync();
        var calls = 0;
        host.Service.OnUnary = (ping, _) =>
        {
            Interlocked.Increment(ref calls);
            return Task.FromResult(ScriptedEcho.Answer(ping));
        };
        var e = await Should.ThrowAsync<RpcException>(
            host.Client.UnaryAsync(new Ping(), deadline: DateTime.UtcNow.AddSeconds(-1)).ResponseAsync);
        e.StatusCode.ShouldBe(StatusCode.DeadlineExceeded);
        await host.Client.UnaryAsync(new Ping());
        calls.ShouldBe(1);
    }

    [Fact]
    public async Task A_deadline_ends_reading_a_stream()
    {
        await using var host = await StartAsync();
        host.Service.OnRepeat = async (_, pongs, context) =>
        {
            await pongs.WriteAsync(new Pong());
            await Task.Delay(Timeout.Infinite, context.CancellationToken);
        };
        using var call = host.Client.Repeat(new Ping(), deadline: DateTime.UtcNow.AddMilliseconds(200));
        (await call.ResponseStream.MoveNext()).ShouldBeTrue();
        var e = await Should.ThrowAsync<RpcException>(call.ResponseStream.MoveNext().WaitAsync(Soon));
        e.StatusCode.ShouldBe(StatusCode.DeadlineExceeded);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Giving_a_call_up_stops_its_handler(bool byToken)
    {
        await using var host = await StartAsync();
        var started = new TaskCompletionSource();
        var stopped = new TaskCompletionSource();
        host.Service.OnConverse = async (pings, _, context) =>
        {
            started.SetResult();
            try
            {
                await pings.MoveNext();
            }
            catch (OperationCanceledException) when (context.CancellationToken.IsCancellationRequested)
            {
                stopped.SetResult();
                throw;
            }
        };
        using var source = new CancellationTokenSource();
        using var call = host.Client.Converse(cancellationToken: source.Token);
        await started.Task.WaitAsync(Soon);
        var reading = call.ResponseStream.MoveNext();
        if (byToken)
            await source.CancelAsync();
        else
            call.Dispose();
        (await Should.ThrowAsync<RpcException>(reading.WaitAsync(Soon))).StatusCode.ShouldBe(StatusCode.Cancelled);
        await stopped.Task.WaitAsync(Soon);
        await Should.ThrowAsync<Exception>(call.RequestStream.WriteAsync(new Ping()));
    }

    [Fact]
    public async Task Giving_up_after_the_first_response_stops_the_handler()
    {
        await using var host = await StartAsync();
        var stopped = new TaskCompletionSource();
        host.Service.OnRepeat = async (_, pongs, context) =>
        {
            try
            {
                while (true)
                    await pongs.WriteAsync(new Pong());
            }
            finally
            {
                stopped.SetResult();
            }
        };
        using (var call = host.Client.Repeat(new Ping()))
            (await call.ResponseStream.MoveNext()).ShouldBeTrue();
        await stopped.Task.WaitAsync(Soon);
    }

    [Fact]
    public async Task A_token_for_one_read_gives_the_call_up()
    {
        await using var host = await StartAsync();
        host.Service.OnConverse = async (pings, _, _) => await pings.MoveNext();
        using var call = host.Client.Converse();
        using var source = new CancellationTokenSource();
        var reading = call.ResponseStream.MoveNext(source.Token);
        await source.CancelAsync();
        (await Should.ThrowAsync<RpcException>(reading.WaitAsync(Soon))).StatusCode.ShouldBe(StatusCode.Cancelled);
        call.GetStatus().StatusCode.ShouldBe(StatusCode.Cancelled);
    }

    [Fact]
    public async Task A_reader_that_pauses_holds_its_writer_back()
    {
        await using var host = await StartAsync();
        var written = 0;
        host.Service.OnRepeat = async (_, pongs, _) =>
        {
            var pong = new Pong { Payload = ByteString.CopyFrom(new byte[64 * 1024]) };
            for (var i = 0; i < 400; i++)
            {
                await pongs.WriteAsync(pong);
                Volatile.Write(ref written, i + 1);
            }
        };
        using var call = host.Client.Repeat(new Ping());
        (await call.ResponseStream.MoveNext()).ShouldBeTrue();
        var before = -1;
        await Eventually.HoldsAsync(async () =>
        {
            var now = Volatile.Read(ref written);
            if (now == before && now > 0)
                return true;
            before = now;
            await Task.Delay(100);
            return false;
        }, "the writer to stand still");
        Volatile.Read(ref written).ShouldBeLessThan(400);
        var count = 1;
        while (await call.ResponseStream.MoveNext())
            count++;
        count.ShouldBe(400);
    }

    [Fact]
    public async Task A_handler_that_pauses_holds_its_client_back()
    {
        await using var host = await StartAsync();
        var release = new TaskCompletionSource();
        host.Service.OnCollect = async (pings, _) =>
        {
            await release.Task;
            var count = 0;
            while (await pings.MoveNext())
                count++;
            return new Pong { Number = count };
        };
        using var call = host.Client.Collect();
        var ping = new Ping { Payload = ByteString.CopyFrom(new byte[64 * 1024]) };
        var written = 0;
        var writing = Task.Run(async () =>
        {
            for (var i = 0; i < 400; i++)
            {
                await call.RequestStream.WriteAsync(ping);
                Volatile.Write(ref written, i + 1);
            }

            await call.RequestStream.CompleteAsync();
        });
        var before = -1;
        await Eventually.HoldsAsync(async () =>
        {
            var now = Volatile.Read(ref written);
            if (now == before && now > 0)
                return true;
            before = now;
            await Task.Delay(100);
            return false;
        }, "the writer to stand still");
        Volatile.Read(ref written).ShouldBeLessThan(400);
        release.SetResult();
        await writing.WaitAsync(Soon);
        (await call).Number.ShouldBe(400);
    }

    [Fact]
    public async Task A_handler_may_end_before_the_client_has_sent_all()
    {
        await using var host = await StartAsync();
        host.Service.OnCollect = async (pings, _) =>
        {
            await pings.MoveNext();
            throw new RpcException(new Status(StatusCode.ResourceExhausted, "enough"));
        };
        using var call = host.Client.Collect();
        var e = await Should.ThrowAsync<RpcException>(async () =>
        {
            for (var i = 0; i < 100_000; i++)
                await call.RequestStream.WriteAsync(new Ping { Payload = ByteString.CopyFrom(new byte[1000]) });
        });
        e.Status.ShouldBe(new Status(StatusCode.ResourceExhausted, "enough"));
        (await Should.ThrowAsync<RpcException>(call.ResponseAsync)).StatusCode.ShouldBe(StatusCode.ResourceExhausted);
    }

    [Fact]
    public async Task Status_and_trailers_are_not_known_before_the_end()
    {
        await using var host = await StartAsync();
        using var call = host.Client.Converse();
        Should.Throw<InvalidOperationException>(() => call.GetStatus());
        Should.Throw<InvalidOperationException>(() => call.GetTrailers());
        await call.RequestStream.CompleteAsync();
        await Should.ThrowAsync<InvalidOperationException>(() => call.RequestStream.WriteAsync(new Ping()));
    }

    [Fact]
    public async Task An_unknown_method_is_unimplemented()
    {
        await using var host = await StartAsync();
        var method = new Method<Ping, Pong>(MethodType.Unary, "no.such.Service", "Nothing",
            Marshallers.Create(ping => ping.ToByteArray(), Ping.Parser.ParseFrom),
            Marshallers.Create(pong => pong.ToByteArray(), Pong.Parser.ParseFrom));
        var e = await Should.ThrowAsync<RpcException>(
            host.Invoker.AsyncUnaryCall(method, null, default, new Ping()).ResponseAsync);
        e.StatusCode.ShouldBe(StatusCode.Unimplemented);
    }

    [Fact]
    public async Task A_call_made_while_serving_takes_over_deadline_and_cancellation()
    {
        await using var host = await StartAsync();
        var inner = new TaskCompletionSource<DateTime>();
        host.Service.OnRepeat = async (_, _, context) =>
        {
            inner.SetResult(context.Deadline);
            await Task.Delay(Timeout.Infinite, context.CancellationToken);
        };
        host.Service.OnUnary = async (_, context) =>
        {
            var options = new CallOptions(propagationToken: context.CreatePropagationToken());
            using var call = host.Client.Repeat(new Ping(), options);
            await call.ResponseStream.MoveNext();
            return new Pong();
        };
        var deadline = DateTime.UtcNow.AddMilliseconds(300);
        await Should.ThrowAsync<RpcException>(host.Client.UnaryAsync(new Ping(), deadline: deadline).ResponseAsync);
        var seen = await inner.Task.WaitAsync(Soon);
        Math.Abs((seen - deadline).TotalMilliseconds).ShouldBeLessThan(200);
    }

    [Fact]
    public async Task Many_calls_at_a_time_keep_apart()
    {
        await using var host = await StartAsync();
        var calls = Enumerable.Range(0, 500).Select(async i =>
        {
            var pong = await host.Client.UnaryAsync(new Ping { Number = i });
            pong.Number.ShouldBe(i);
        });
        await Task.WhenAll(calls);
    }

    private protected abstract Task<EchoHost> StartAsync();
}

/// <summary>Over HTTP/2 on loopback.</summary>
public sealed class HttpCallTests : CallTests
{
    private protected override Task<EchoHost> StartAsync() => EchoHost.OverHttpAsync();
}

/// <summary>Within the process.</summary>
public sealed class InProcessCallTests : CallTests
{
    private protected override Task<EchoHost> StartAsync() => Task.FromResult(EchoHost.InProcess());
}
