using Google.Protobuf;
using Grpc.Core;
using Grpc.Testing;

namespace Rag.Interop.Tests.Cases;

// Below the namespace, because Rag.Metadata would be nearer otherwise.
using Metadata = Grpc.Core.Metadata;

/// <summary>The client's side of gRPC's interoperability cases, under their official names.</summary>
internal sealed class InteropCases(CallInvoker invoker)
{
    private const string EchoInitial = "x-grpc-test-echo-initial";
    private const string EchoTrailing = "x-grpc-test-echo-trailing-bin";
    private const string SpecialMessage = "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n";

    private static readonly int[] RequestSizes = [27182, 8, 1828, 45904];
    private static readonly int[] ResponseSizes = [31415, 9, 2653, 58979];
    private static readonly Metadata Gzip = new() { { "grpc-internal-encoding-request", "gzip" } };

    private readonly TestService.TestServiceClient _client = new(invoker);

    public static IReadOnlyList<string> Plain { get; } =
    [
        "empty_unary", "large_unary", "client_streaming", "server_streaming", "ping_pong", "empty_stream",
        "cancel_after_begin", "cancel_after_first_response", "timeout_on_sleeping_server", "custom_metadata",
        "status_code_and_message", "special_status_message", "unimplemented_method", "unimplemented_service",
    ];

    public static IReadOnlyList<string> Compressed { get; } =
    [
        "client_compressed_unary", "server_compressed_unary",
        "client_compressed_streaming", "server_compressed_streaming",
    ];

    public Task RunAsync(string name) => name switch
    {
        "empty_unary" => EmptyUnary(),
        "large_unary" => LargeUnary(null, null),
        "client_streaming" => ClientStreaming(null),
        "server_streaming" => ServerStreaming(compressed: false),
        "ping_pong" => PingPong(),
        "empty_stream" => EmptyStream(),
        "cancel_after_begin" => CancelAfterBegin(),
        "cancel_after_first_response" => CancelAfterFirstResponse(),
        "timeout_on_sleeping_server" => TimeoutOnSleepingServer(),
        "custom_metadata" => CustomMetadata(),
        "status_code_and_message" => StatusCodeAndMessage("test status message", duplex: true),
        "special_status_message" => StatusCodeAndMessage(SpecialMessage, duplex: false),
        "unimplemented_method" => FailsAsync(
            _client.UnimplementedCallAsync(new Empty()).ResponseAsync, StatusCode.Unimplemented),
        "unimplemented_service" => FailsAsync(
            new UnimplementedService.UnimplementedServiceClient(invoker)
                .UnimplementedCallAsync(new Empty()).ResponseAsync,
            StatusCode.Unimplemented),
        "client_compressed_unary" => LargeUnary(Gzip, null),
        "server_compressed_unary" => LargeUnary(null, new BoolValue { Value = true }),
        "client_compressed_streaming" => ClientStreaming(Gzip),
        "server_compressed_streaming" => ServerStreaming(compressed: true),
        _ => throw new ArgumentException(name),
    };

    private static Payload Zeros(int size) => new() { Body = ByteString.CopyFrom(new byte[size]) };

    private static async Task FailsAsync(Task task, StatusCode code)
    {
        var e = await Should.ThrowAsync<RpcException>(task);
        e.StatusCode.ShouldBe(code);
    }

    private async Task EmptyUnary() => (await _client.EmptyCallAsync(new Empty())).ShouldBe(new Empty());

    private async Task LargeUnary(Metadata? headers, BoolValue? responseCompressed)
    {
        var request = new SimpleRequest
        {
            ResponseSize = 314159,
            Payload = Zeros(271828),
            ResponseCompressed = responseCompressed,
            ExpectCompressed = headers is null ? null : new BoolValue { Value = true },
        };
        (await _client.UnaryCallAsync(request, headers)).Payload.ShouldBe(Zeros(314159));
    }

    private async Task ClientStreaming(Metadata? headers)
    {
        using var call = _client.StreamingInputCall(headers);
        foreach (var size in RequestSizes)
            await call.RequestStream.WriteAsync(new StreamingInputCallRequest { Payload = Zeros(size) });
        if (headers is not null)
        {
            // A message may stay as it is in a call that compresses.
            call.RequestStream.WriteOptions = new WriteOptions(WriteFlags.NoCompress);
            await call.RequestStream.WriteAsync(new StreamingInputCallRequest { Payload = Zeros(1) });
        }

        await call.RequestStream.CompleteAsync();
        (await call).AggregatedPayloadSize.ShouldBe(headers is null ? 74922 : 74923);
    }

    private async Task ServerStreaming(bool compressed)
    {
        var request = new StreamingOutputCallRequest();
        foreach (var size in ResponseSizes)
        {
            request.ResponseParameters.Add(new ResponseParameters
            {
                Size = size,
                Compressed = compressed ? new BoolValue { Value = size % 2 == 1 } : null,
            });
        }

        using var call = _client.StreamingOutputCall(request);
        var sizes = new List<int>();
        await foreach (var response in call.ResponseStream.ReadAllAsync())
            sizes.Add(response.Payload.Body.Length);
        sizes.ShouldBe(ResponseSizes);
    }

    private async Task PingPong()
    {
        using var call = _client.FullDuplexCall();
        for (var i = 0; i < RequestSizes.Length; i++)
        {
            await call.RequestStream.WriteAsync(Ask(ResponseSizes[i], RequestSizes[i]));
            (await call.ResponseStream.MoveNext()).ShouldBeTrue();
            call.ResponseStream.Current.Payload.Body.Length.ShouldBe(ResponseSizes[i]);
        }

        await call.RequestStream.CompleteAsync();
        (await call.ResponseStream.MoveNext()).ShouldBeFalse();
        call.GetStatus().StatusCode.ShouldBe(StatusCode.OK);
    }

    private async Task EmptyStream()
    {
        using var call = _client.FullDuplexCall();
        await call.RequestStream.CompleteAsync();
        (await call.ResponseStream.MoveNext()).ShouldBeFalse();
    }

    private async Task CancelAfterBegin()
    {
        using var source = new CancellationTokenSource();
        using var call = _client.StreamingInputCall(cancellationToken: source.Token);
        await source.CancelAsync();
        await FailsAsync(call.ResponseAsync, StatusCode.Cancelled);
    }

    private async Task CancelAfterFirstResponse()
    {
        using var source = new CancellationTokenSource();
        using var call = _client.FullDuplexCall(cancellationToken: source.Token);
        await call.RequestStream.WriteAsync(Ask(31415, 27182));
        (await call.ResponseStream.MoveNext()).ShouldBeTrue();
        await source.CancelAsync();
        await FailsAsync(call.ResponseStream.MoveNext(), StatusCode.Cancelled);
    }

    private async Task TimeoutOnSleepingServer()
    {
        using var call = _client.FullDuplexCall(deadline: DateTime.UtcNow.AddMilliseconds(1));
        try
        {
            await call.RequestStream.WriteAsync(new StreamingOutputCallRequest { Payload = Zeros(27182) });
        }
        catch (RpcException)
        {
            // The deadline may be the quicker one; reading tells.
        }

        await FailsAsync(call.ResponseStream.MoveNext(), StatusCode.DeadlineExceeded);
    }

    private async Task CustomMetadata()
    {
        var headers = new Metadata
        {
            { EchoInitial, "test_initial_metadata_value" },
            { EchoTrailing, [0xab, 0xab, 0xab] },
        };
        using (var call = _client.UnaryCallAsync(
                   new SimpleRequest { ResponseSize = 314159, Payload = Zeros(271828) }, headers))
        {
            await call;
            (await call.ResponseHeadersAsync).GetValue(EchoInitial).ShouldBe("test_initial_metadata_value");
            call.GetTrailers().GetValueBytes(EchoTrailing).ShouldBe([0xab, 0xab, 0xab]);
        }

        using var duplex = _client.FullDuplexCall(headers);
        await duplex.RequestStream.WriteAsync(Ask(314159, 271828));
        await duplex.RequestStream.CompleteAsync();
        (await duplex.ResponseStream.MoveNext()).ShouldBeTrue();
        (await duplex.ResponseStream.MoveNext()).ShouldBeFalse();
        (await duplex.ResponseHeadersAsync).GetValue(EchoInitial).ShouldBe("test_initial_metadata_value");
        duplex.GetTrailers().GetValueBytes(EchoTrailing).ShouldBe([0xab, 0xab, 0xab]);
    }

    private async Task StatusCodeAndMessage(string message, bool duplex)
    {
        var expected = new Status(StatusCode.Unknown, message);
        var status = new EchoStatus { Code = 2, Message = message };
        var e = await Should.ThrowAsync<RpcException>(
            _client.UnaryCallAsync(new SimpleRequest { ResponseStatus = status }).ResponseAsync);
        e.Status.ShouldBe(expected);
        if (!duplex)
            return;
        using var call = _client.FullDuplexCall();
        await call.RequestStream.WriteAsync(new StreamingOutputCallRequest { ResponseStatus = status });
        await call.RequestStream.CompleteAsync();
        (await Should.ThrowAsync<RpcException>(call.ResponseStream.MoveNext())).Status.ShouldBe(expected);
    }

    private static StreamingOutputCallRequest Ask(int responseSize, int requestSize) => new()
    {
        ResponseParameters = { new ResponseParameters { Size = responseSize } },
        Payload = Zeros(requestSize),
    };
}
