using BenchmarkDotNet.Attributes;
using Grpc.AspNetCore.Server;
using Grpc.Core;
using Grpc.Net.Client;
using Grpc.Net.InProcess;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Rag.Benchmarks;

/// <summary>
/// Calls from end to end, client and server in this process: over HTTP/2 on loopback, and without sockets. A message
/// is 100 bytes each way. Streamed: one duplex call whose messages are answered one by one, 256 under way at a time.
/// </summary>
[MemoryDiagnoser]
public class CallBenchmarks
{
    private const int Messages = 10_000;
    private const int UnderWay = 256;

    private static readonly byte[] Payload = new byte[100];
    private static readonly Marshaller<byte[]> Bytes = Marshallers.Create<byte[]>(bytes => bytes, bytes => bytes);
    private static readonly Method<byte[], byte[]> Unary = new(MethodType.Unary, "bench.Echo", "Unary", Bytes, Bytes);
    private static readonly Method<byte[], byte[]> Duplex =
        new(MethodType.DuplexStreaming, "bench.Echo", "Duplex", Bytes, Bytes);

    private WebApplication? _app;
    private GrpcChannel? _channel;
    private CallInvoker _invoker = null!;

    /// <summary>What carries the calls.</summary>
    [Params("http", "inprocess")]
    public string Transport { get; set; } = "";

    [GlobalSetup]
    public async Task SetupAsync()
    {
        var service = ServerServiceDefinition.CreateBuilder()
            .AddMethod(Unary, (byte[] request, ServerCallContext _) => Task.FromResult(request))
            .AddMethod(Duplex, async (IAsyncStreamReader<byte[]> requests, IServerStreamWriter<byte[]> responses,
                ServerCallContext context) =>
            {
                while (await requests.MoveNext(context.CancellationToken))
                    await responses.WriteAsync(requests.Current);
            })
            .Build();
        if (Transport == "inprocess")
        {
            _invoker = new InProcessServer().Bind(service).CreateCallInvoker();
            return;
        }

        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ConfigureGrpcLimits()
            .Listen(System.Net.IPAddress.Loopback, 0, listen => listen.UseGrpcCleartext()));
        builder.Services.AddGrpc();
        _app = builder.Build();
        _app.MapGrpcService(service);
        await _app.StartAsync();
        _channel = GrpcChannel.ForAddress(_app.Urls.First());
        _invoker = _channel.CreateCallInvoker();
    }

    [GlobalCleanup]
    public async Task CleanupAsync()
    {
        _channel?.Dispose();
        if (_app is not null)
            await _app.DisposeAsync();
    }

    /// <summary>One unary call after the other.</summary>
    [Benchmark]
    public async Task<int> UnaryCall() => (await _invoker.AsyncUnaryCall(Unary, null, default, Payload)).Length;

    /// <summary>32 unary calls at a time.</summary>
    [Benchmark(OperationsPerInvoke = 32)]
    public async Task UnaryCalls()
    {
        var calls = new Task<byte[]>[32];
        for (var i = 0; i < calls.Length; i++)
            calls[i] = _invoker.AsyncUnaryCall(Unary, null, default, Payload).ResponseAsync;
        await Task.WhenAll(calls);
    }

    /// <summary>A question and its answer on one stream.</summary>
    [Benchmark(OperationsPerInvoke = Messages)]
    public async Task<int> Streamed()
    {
        using var call = _invoker.AsyncDuplexStreamingCall(Duplex, null, default);
        using var room = new SemaphoreSlim(UnderWay);
        var writing = Task.Run(async () =>
        {
            for (var i = 0; i < Messages; i++)
            {
                await room.WaitAsync();
                await call.RequestStream.WriteAsync(Payload);
            }

            await call.RequestStream.CompleteAsync();
        });
        var answers = 0;
        while (await call.ResponseStream.MoveNext(default))
        {
            answers++;
            room.Release();
        }

        await writing;
        return answers;
    }
}
