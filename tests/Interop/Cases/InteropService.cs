using Google.Protobuf;
using Grpc.Core;
using Grpc.Testing;

namespace Rag.Interop.Tests.Cases;

// Below the namespace, because Rag.Metadata would be nearer otherwise.
using Metadata = Grpc.Core.Metadata;

/// <summary>The server of gRPC's interoperability tests.</summary>
internal sealed class InteropService : TestService.TestServiceBase
{
    private const string EchoInitial = "x-grpc-test-echo-initial";
    private const string EchoTrailing = "x-grpc-test-echo-trailing-bin";
    private const string ChooseEncoding = "grpc-internal-encoding-request";

    public override Task<Empty> EmptyCall(Empty request, ServerCallContext context) => Task.FromResult(new Empty());

    public override async Task<SimpleResponse> UnaryCall(SimpleRequest request, ServerCallContext context)
    {
        Expect(request.ExpectCompressed, context);
        await EchoMetadataAsync(context, compress: request.ResponseCompressed?.Value ?? false);
        End(request.ResponseStatus);
        return new SimpleResponse { Payload = Zeros(request.ResponseSize) };
    }

    public override async Task StreamingOutputCall(StreamingOutputCallRequest request,
        IServerStreamWriter<StreamingOutputCallResponse> responseStream, ServerCallContext context)
    {
        await EchoMetadataAsync(
            context, compress: request.ResponseParameters.Any(parameters => parameters.Compressed?.Value ?? false));
        await RespondAsync(request, responseStream, context);
    }

    public override async Task<StreamingInputCallResponse> StreamingInputCall(
        IAsyncStreamReader<StreamingInputCallRequest> requestStream, ServerCallContext context)
    {
        var size = 0;
        while (await requestStream.MoveNext(context.CancellationToken))
        {
            Expect(requestStream.Current.ExpectCompressed, context);
            size += requestStream.Current.Payload?.Body.Length ?? 0;
        }

        return new StreamingInputCallResponse { AggregatedPayloadSize = size };
    }

    public override async Task FullDuplexCall(IAsyncStreamReader<StreamingOutputCallRequest> requestStream,
        IServerStreamWriter<StreamingOutputCallResponse> responseStream, ServerCallContext context)
    {
        await EchoMetadataAsync(context, compress: false);
        while (await requestStream.MoveNext(context.CancellationToken))
            await RespondAsync(requestStream.Current, responseStream, context);
    }

    private static async Task RespondAsync(StreamingOutputCallRequest request,
        IServerStreamWriter<StreamingOutputCallResponse> responses, ServerCallContext context)
    {
        End(request.ResponseStatus);
        foreach (var parameters in request.ResponseParameters)
        {
            await Task.Delay(TimeSpan.FromMicroseconds(parameters.IntervalUs), context.CancellationToken);
            responses.WriteOptions = new WriteOptions(
                parameters.Compressed?.Value == false ? WriteFlags.NoCompress : WriteFlags.None);
            await responses.WriteAsync(new StreamingOutputCallResponse { Payload = Zeros(parameters.Size) });
        }
    }

    private static async Task EchoMetadataAsync(ServerCallContext context, bool compress)
    {
        var headers = new Metadata();
        if (context.RequestHeaders.GetValue(EchoInitial) is { } initial)
            headers.Add(EchoInitial, initial);
        if (compress)
            headers.Add(ChooseEncoding, "gzip");
        if (context.RequestHeaders.GetValueBytes(EchoTrailing) is { } trailing)
            context.ResponseTrailers.Add(EchoTrailing, trailing);
        if (headers.Count > 0)
            await context.WriteResponseHeadersAsync(headers);
    }

    private static void Expect(BoolValue? compressed, ServerCallContext context)
    {
        if (compressed is not null && compressed.Value != context.WasLastRequestCompressed())
            throw new RpcException(new Status(StatusCode.InvalidArgument, "The compression is not the expected one."));
    }

    private static void End(EchoStatus? status)
    {
        if (status is not null && status.Code != 0)
            throw new RpcException(new Status((StatusCode)status.Code, status.Message));
    }

    private static Payload Zeros(int size) => new() { Body = ByteString.CopyFrom(new byte[size]) };
}
