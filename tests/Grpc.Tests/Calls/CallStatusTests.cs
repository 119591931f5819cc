using Google.Protobuf;
using Grpc.Core;

namespace Rag.Transport.Tests.Calls;

/// <summary>Status, headers and trailers of calls. Each test runs over HTTP/2 and within the process.</summary>
public abstract class CallStatusTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(30);

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
            foreach (var entry in context.RequestHeaders)
            {
                if (entry.Key.StartsWith("my-", StringComparison.Ordinal))
                    headers.Add(entry);
            }

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

    private protected abstract Task<EchoHost> StartAsync();
}

/// <summary>Over HTTP/2 on loopback.</summary>
public sealed class HttpCallStatusTests : CallStatusTests
{
    private protected override Task<EchoHost> StartAsync() => EchoHost.OverHttpAsync();
}

/// <summary>Within the process.</summary>
public sealed class InProcessCallStatusTests : CallStatusTests
{
    private protected override Task<EchoHost> StartAsync() => Task.FromResult(EchoHost.InProcess());
}
