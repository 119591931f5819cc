using Google.Protobuf;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Rag.Transport.Tests.Server;

/// <summary>What Kestrel limits for web pages, and streams of messages must not be bound by.</summary>
public sealed class StreamLimitsTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task A_stream_of_requests_may_be_larger_than_a_web_request()
    {
        await using var host = await EchoHost.OverHttpAsync(build: Impatient);
        long received = 0;
        host.Service.OnCollect = async (pings, _) =>
        {
            await foreach (var ping in pings.ReadAllAsync())
                received += ping.Payload.Length;
            return new Pong();
        };
        using var call = host.Client.Collect();
        var ping = new Ping { Payload = ByteString.CopyFrom(new byte[1024 * 1024]) };
        for (var i = 0; i < 40; i++)
            await call.RequestStream.WriteAsync(ping);
        await call.RequestStream.CompleteAsync();
        await call;
        received.ShouldBe(40 * 1024 * 1024);
    }

    [Fact]
    public async Task Streams_may_rest_for_as_long_as_they_like()
    {
        await using var host = await EchoHost.OverHttpAsync(build: Impatient);
        using var call = host.Client.Converse();
        await call.RequestStream.WriteAsync(new Ping { Number = 1 });
        (await call.ResponseStream.MoveNext()).ShouldBeTrue();
        // Kestrel would give up after two seconds; its clock ticks once a second.
        var end = call.ResponseStream.MoveNext();
        await Should.ThrowAsync<TimeoutException>(end.WaitAsync(TimeSpan.FromSeconds(4)));
        await call.RequestStream.CompleteAsync();
        (await end).ShouldBeFalse();
    }

    [Fact]
    public async Task A_connection_that_breaks_ends_its_calls_as_unavailable()
    {
        await using var host = await EchoHost.OverHttpAsync();
        var broken = new TaskCompletionSource();
        host.Service.OnConverse = async (pings, pongs, context) =>
        {
            await pongs.WriteAsync(new Pong());
            using var registration = context.CancellationToken.Register(() => broken.TrySetResult());
            await pings.MoveNext();
            context.GetHttpContext().Features.Get<IConnectionLifetimeFeature>()!.Abort();
            await broken.Task;
        };
        using var call = host.Client.Converse();
        (await call.ResponseStream.MoveNext()).ShouldBeTrue();
        await call.RequestStream.WriteAsync(new Ping());
        (await Should.ThrowAsync<RpcException>(call.ResponseStream.MoveNext().WaitAsync(Soon)))
            .StatusCode.ShouldBe(StatusCode.Unavailable);
        await broken.Task.WaitAsync(Soon);
        (await host.Client.UnaryAsync(new Ping { Number = 5 })).Number.ShouldBe(5);
    }

    private static void Impatient(WebApplicationBuilder builder) => builder.WebHost.ConfigureKestrel(kestrel =>
        kestrel.Limits.MinRequestBodyDataRate = new MinDataRate(1_000_000, TimeSpan.FromSeconds(2)));
}
