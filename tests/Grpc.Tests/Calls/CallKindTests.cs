using Google.Protobuf;
using Grpc.Core;

namespace Rag.Transport.Tests.Calls;

/// <summary>The four kinds of calls. Each test runs over HTTP/2 and within the process.</summary>
public abstract class CallKindTests
{
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
public sealed class HttpCallKindTests : CallKindTests
{
    private protected override Task<EchoHost> StartAsync() => EchoHost.OverHttpAsync();
}

/// <summary>Within the process.</summary>
public sealed class InProcessCallKindTests : CallKindTests
{
    private protected override Task<EchoHost> StartAsync() => Task.FromResult(EchoHost.InProcess());
}
