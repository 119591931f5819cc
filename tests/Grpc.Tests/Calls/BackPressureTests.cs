using Google.Protobuf;
using Grpc.Core;
using Rag.Testing;

namespace Rag.Transport.Tests.Calls;

/// <summary>A slow side slows the other one down. Each test runs over HTTP/2 and within the process.</summary>
public abstract class BackPressureTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(30);

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

    private protected abstract Task<EchoHost> StartAsync();
}

/// <summary>Over HTTP/2 on loopback.</summary>
public sealed class HttpBackPressureTests : BackPressureTests
{
    private protected override Task<EchoHost> StartAsync() => EchoHost.OverHttpAsync();
}

/// <summary>Within the process.</summary>
public sealed class InProcessBackPressureTests : BackPressureTests
{
    private protected override Task<EchoHost> StartAsync() => Task.FromResult(EchoHost.InProcess());
}
