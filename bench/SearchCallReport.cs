using System.Diagnostics;
using System.Globalization;
using Grpc.AspNetCore.Server;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Rag.Benchmarks;

/// <summary>
/// Router to shard, a unary call for each search beside a few streams that stay open, by turns over the same sockets on
/// loopback: <c>dotnet run -c Release --project bench -- search-calls</c>. A question has 1,700 bytes (a vector of 384
/// dimensions and the rest of a search), an answer 2,500 (ten hits with short texts), and answering takes no time: the
/// difference is the transport's. Client and server are one process, whose processor time is counted.
/// </summary>
internal static class SearchCallReport
{
    private const int QuestionBytes = 1700;
    private const int AnswerBytes = 2500;
    private const int Rounds = 3;

    private static readonly TimeSpan Turn = TimeSpan.FromSeconds(1.5);
    private static readonly int[] UnderWay = [1, 8, 64, 256];
    private static readonly Marshaller<byte[]> Bytes = Marshallers.Create<byte[]>(bytes => bytes, bytes => bytes);
    private static readonly Method<byte[], byte[]> Unary = new(MethodType.Unary, "bench.Search", "Unary", Bytes, Bytes);
    private static readonly Method<byte[], byte[]> Streamed =
        new(MethodType.DuplexStreaming, "bench.Search", "Streamed", Bytes, Bytes);

    public static async Task<int> RunAsync()
    {
        await using var app = await StartAsync();
        using var channel = GrpcChannel.ForAddress(app.Urls.First(), new GrpcChannelOptions { Connections = 2 });
        var invoker = channel.CreateCallInvoker();
        var question = new byte[QuestionBytes];
        await using var streams = new StreamedCalls(invoker, Streamed, lanes: 4);
        async Task UnaryAsync()
        {
            using var call = invoker.AsyncUnaryCall(Unary, null, new CallOptions(deadline: DateTime.UtcNow.AddSeconds(10)), question);
            await call.ResponseAsync;
        }

        Task StreamedAsync() => streams.CallAsync(question);
        Console.WriteLine("| under way | unary/s | streamed/s | ratio | unary CPU µs | streamed CPU µs | unary p50, p99 ms "
            + "| streamed p50, p99 ms |\n| --- | --- | --- | --- | --- | --- | --- | --- |");
        foreach (var underWay in UnderWay)
        {
            await MeasureAsync(UnaryAsync, underWay);
            await MeasureAsync(StreamedAsync, underWay);
            var unary = new List<Figures>();
            var streamed = new List<Figures>();
            for (var round = 0; round < Rounds; round++)
            {
                unary.Add(await MeasureAsync(UnaryAsync, underWay));
                streamed.Add(await MeasureAsync(StreamedAsync, underWay));
            }

            var (u, s) = (Median(unary), Median(streamed));
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"| {underWay} | {u.Rate:0} | {s.Rate:0} | {s.Rate / u.Rate:0.00} | {u.CpuMicros:0.0} | {s.CpuMicros:0.0} "
                + $"| {u.P50:0.00}, {u.P99:0.00} | {s.P50:0.00}, {s.P99:0.00} |"));
        }

        return 0;
    }

    private static async Task<WebApplication> StartAsync()
    {
        var answer = new byte[AnswerBytes];
        var service = ServerServiceDefinition.CreateBuilder()
            .AddMethod(Unary, async (byte[] _, ServerCallContext _) =>
            {
                await Task.Yield();
                return answer;
            })
            .AddMethod(Streamed, (IAsyncStreamReader<byte[]> questions, IServerStreamWriter<byte[]> answers,
                ServerCallContext _) => StreamedCalls.ServeAsync(questions, answers, _ => Task.FromResult(answer)))
            .Build();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ConfigureGrpcLimits()
            .Listen(System.Net.IPAddress.Loopback, 0, listen => listen.UseGrpcCleartext()));
        builder.Services.AddGrpc();
        var app = builder.Build();
        app.MapGrpcService(service);
        await app.StartAsync();
        return app;
    }

    private static async Task<Figures> MeasureAsync(Func<Task> call, int underWay)
    {
        using var process = Process.GetCurrentProcess();
        var cpu = process.TotalProcessorTime;
        var began = Stopwatch.GetTimestamp();
        var loops = Enumerable.Range(0, underWay).Select(_ => Task.Run(async () =>
        {
            var latencies = new List<double>();
            while (Stopwatch.GetElapsedTime(began) < Turn)
            {
                var at = Stopwatch.GetTimestamp();
                await call();
                latencies.Add(Stopwatch.GetElapsedTime(at).TotalMilliseconds);
            }

            return latencies;
        }));
        var all = (await Task.WhenAll(loops)).SelectMany(static one => one).Order().ToArray();
        var elapsed = Stopwatch.GetElapsedTime(began);
        process.Refresh();
        return new Figures(
            all.Length / elapsed.TotalSeconds, (process.TotalProcessorTime - cpu).TotalMicroseconds / all.Length,
            all[all.Length / 2], all[all.Length * 99 / 100]);
    }

    private static Figures Median(List<Figures> rounds) => rounds.OrderBy(static one => one.Rate).ElementAt(rounds.Count / 2);

    private readonly record struct Figures(double Rate, double CpuMicros, double P50, double P99);
}
