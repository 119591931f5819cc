using System.Net;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Framing;

namespace Rag.Transport.Tests.Server;

/// <summary>What the server puts on the wire, and what it does with requests that break the protocol.</summary>
public sealed class ProtocolTests : IAsyncLifetime
{
    private const string Unary = "/rag.transport.tests.Echo/Unary";
    private const string Collect = "/rag.transport.tests.Echo/Collect";

    private readonly RawCall _raw = new();
    private EchoHost _host = null!;

    public async ValueTask InitializeAsync() =>
        _host = await EchoHost.OverHttpAsync(options => options.MaxReceiveMessageSize = 1000);

    public async ValueTask DisposeAsync()
    {
        _raw.Dispose();
        await _host.DisposeAsync();
    }

    [Fact]
    public async Task A_response_has_its_status_in_the_trailers()
    {
        var answer = await PostAsync(Unary, Frame(new Ping { Number = 5 }));
        answer.Http.ShouldBe(HttpStatusCode.OK);
        answer.Headers.ShouldNotContainKey("grpc-status");
        answer.Trailers["grpc-status"].ShouldBe("0");
        answer.Trailers.ShouldNotContainKey("grpc-message");
        Pong.Parser.ParseFrom(answer.Body.AsSpan(5)).Number.ShouldBe(5);
    }

    [Fact]
    public async Task A_failure_without_a_message_is_headers_alone()
    {
        _host.Service.OnUnary = (_, _) => throw new RpcException(new Status(StatusCode.NotFound, "größer"));
        var answer = await PostAsync(Unary, Frame(new Ping()));
        answer.Http.ShouldBe(HttpStatusCode.OK);
        answer.Headers["grpc-status"].ShouldBe("5");
        answer.Headers["grpc-message"].ShouldBe("gr%C3%B6%C3%9Fer");
        answer.Trailers.ShouldBeEmpty();
        answer.Body.ShouldBeEmpty();
    }

    [Theory]
    [InlineData(new byte[] { 0, 0, 0 }, "13")]
    [InlineData(new byte[] { 0, 0, 0, 0, 9, 1 }, "13")]
    [InlineData(new byte[] { 7, 0, 0, 0, 0 }, "13")]
    [InlineData(new byte[] { 1, 0, 0, 0, 1, 1 }, "13")]
    [InlineData(new byte[] { 0, 0, 0, 0, 2, 255, 255 }, "13")]
    [InlineData(new byte[] { 0, 255, 255, 255, 255 }, "8")]
    [InlineData(new byte[] { 0, 0, 0, 4, 0, 1 }, "8")]
    [InlineData(new byte[0], "12")]
    [InlineData(new byte[] { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }, "12")]
    public async Task Bytes_that_are_no_message_get_their_status(byte[] body, string status) =>
        (await PostAsync(Unary, body)).Status.ShouldBe(status);

    [Fact]
    public async Task A_broken_stream_fails_the_call_and_not_the_connection()
    {
        (await PostAsync(Collect, [.. Frame(new Ping { Number = 1 }), 9, 9, 9, 9, 9])).Status.ShouldBe("13");
        (await PostAsync(Collect, [.. Frame(new Ping { Number = 1 }), .. Frame(new Ping { Number = 2 })]))
            .Status.ShouldBe("0");
    }

    [Fact]
    public async Task Seeded_garbage_always_gets_an_answer()
    {
        var random = new Random(23);
        for (var round = 0; round < 300; round++)
        {
            var body = new byte[random.Next(60)];
            random.NextBytes(body);
            if (body.Length > 8 && random.Next(2) == 0)
                Frame(new Ping { Text = "x" }).CopyTo(body, 0);
            var answer = await PostAsync(random.Next(2) == 0 ? Unary : Collect, body);
            answer.Http.ShouldBe(HttpStatusCode.OK);
            answer.Status.ShouldNotBeNull();
        }
    }

    [Theory]
    [InlineData("5", "13")]
    [InlineData("1x", "13")]
    [InlineData("1n", "4")]
    [InlineData("99999999H", "0")]
    public async Task The_timeout_header_is_obeyed(string timeout, string status)
    {
        _host.Service.OnUnary = async (ping, context) =>
        {
            if (timeout == "1n")
                await Task.Delay(Timeout.Infinite, context.CancellationToken);
            return ScriptedEcho.Answer(ping);
        };
        (await PostAsync(Unary, Frame(new Ping()), request => request.Headers.Add("grpc-timeout", timeout)))
            .Status.ShouldBe(status);
    }

    [Fact]
    public async Task A_deadline_is_answered_even_if_the_handler_does_not_listen()
    {
        var release = new TaskCompletionSource();
        _host.Service.OnUnary = async (ping, _) =>
        {
            await release.Task;
            return ScriptedEcho.Answer(ping);
        };
        var answer = await PostAsync(Unary, Frame(new Ping()), r => r.Headers.Add("grpc-timeout", "50m"));
        answer.Status.ShouldBe("4");
        release.SetResult();
        (await PostAsync(Unary, Frame(new Ping()))).Status.ShouldBe("0");
    }

    [Fact]
    public async Task An_unknown_encoding_is_refused_with_those_that_are_known()
    {
        var answer = await PostAsync(Unary, Frame(new Ping()), r => r.Headers.Add("grpc-encoding", "snappy"));
        answer.Status.ShouldBe("12");
        answer.Headers["grpc-accept-encoding"].ShouldBe("identity,gzip,deflate");
    }

    [Fact]
    public async Task Metadata_that_is_no_base64_fails_only_who_reads_it()
    {
        (await PostAsync(Unary, Frame(new Ping()), r => r.Headers.Add("x-bin", "!!"))).Status.ShouldBe("0");
        _host.Service.OnUnary = (ping, context) =>
        {
            context.RequestHeaders.Count.ShouldBe(0);
            return Task.FromResult(ScriptedEcho.Answer(ping));
        };
        (await PostAsync(Unary, Frame(new Ping()), r => r.Headers.Add("x-bin", "!!"))).Status.ShouldBe("13");
    }

    [Theory]
    [InlineData("application/json", HttpStatusCode.NotFound, "/no/Where")]
    [InlineData("application/json", HttpStatusCode.UnsupportedMediaType, Unary)]
    [InlineData("application/grpc-web", HttpStatusCode.UnsupportedMediaType, Unary)]
    public async Task Requests_that_are_no_grpc_are_refused_in_http(string type, HttpStatusCode status, string path) =>
        (await _raw.PostAsync(_host.Address, path, [], null, type)).Http.ShouldBe(status);

    [Theory]
    [InlineData("application/grpc+proto")]
    [InlineData("application/grpc; charset=utf-8")]
    public async Task Subtypes_of_grpc_are_taken(string type) =>
        (await _raw.PostAsync(_host.Address, Unary, Frame(new Ping()), null, type)).Status.ShouldBe("0");

    [Theory]
    [InlineData("/no.Service/Method", "service")]
    [InlineData("/rag.transport.tests.Echo/Nothing", "method")]
    public async Task What_is_not_there_is_unimplemented(string path, string what)
    {
        var answer = await PostAsync(path, Frame(new Ping()));
        answer.Status.ShouldBe("12");
        answer.Headers["grpc-message"].ShouldContain(what);
    }

    private static byte[] Frame(Ping ping)
    {
        using var buffer = new PooledBuffer();
        MessageSerializationContext.Write(
            buffer, (message, context) => context.Complete(message.ToByteArray()), ping, MessageLimits.None, null);
        return buffer.Written.ToArray();
    }

    private Task<RawAnswer> PostAsync(string path, byte[] body, Action<HttpRequestMessage>? change = null) =>
        _raw.PostAsync(_host.Address, path, body, change);
}
