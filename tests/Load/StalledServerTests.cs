using System.Diagnostics;
using System.Net;
using Grpc.AspNetCore.Server;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Rag.Load.Data;
using Rag.Load.Driving;
using Rag.Load.Measuring;
using Rag.Load.Scenarios;
using Rag.Testing;
using Rag.V1;

namespace Rag.Load.Tests;

/// <summary>What the program is for: a server that stands still cannot hide it, and one that fails is said to.</summary>
public sealed class StalledServerTests
{
    [Theory]
    [InlineData(CallKind.Unary)]
    [InlineData(CallKind.Batch)]
    [InlineData(CallKind.Stream)]
    internal async Task All_that_should_have_been_answered_in_a_stall_count_it(CallKind calls)
    {
        var service = new StallingService(after: 100, stall: TimeSpan.FromSeconds(1));
        var count = await RunAsync(service, new TrafficSpec { Calls = calls, Arrivals = ArrivalKind.Constant }, rate: 200, seconds: 2);
        count.Failed.ShouldBe(0);
        count.Answered.ShouldBeInRange(398, 400);
        // A second of two hundred: half of them waited half a second or more, whenever they were really sent.
        count.Latencies.Percentile(0.75 - 0.05).TotalMilliseconds.ShouldBeGreaterThan(200);
        count.Latencies.Max.TotalMilliseconds.ShouldBeGreaterThan(900);
    }

    [Theory]
    [InlineData(CallKind.Unary)]
    [InlineData(CallKind.Batch)]
    [InlineData(CallKind.Stream)]
    internal async Task Failures_are_counted_by_their_status_with_an_example(CallKind calls)
    {
        var service = new StallingService(after: int.MaxValue, stall: default) { FailsEvery = 4 };
        var count = await RunAsync(service, new TrafficSpec { Calls = calls, Arrivals = ArrivalKind.Constant }, rate: 100, seconds: 1);
        count.Failed.ShouldBeInRange(23, 26);
        var (kind, (errors, example)) = count.Errors.ShouldHaveSingleItem();
        kind.ShouldBe("ResourceExhausted");
        errors.ShouldBe(count.Failed);
        example.ShouldBe("too much");
    }

    [Fact]
    public async Task A_closed_loop_sends_when_it_has_its_answer()
    {
        var service = new StallingService(after: int.MaxValue, stall: default) { Delay = TimeSpan.FromMilliseconds(50) };
        var count = await RunAsync(service, new TrafficSpec { Arrivals = ArrivalKind.Closed, Clients = 3 }, rate: 0, seconds: 1);
        // Three callers, a twentieth of a second each: sixty at most.
        count.Answered.ShouldBeInRange(3, 63);
        service.MostAtOnce.ShouldBeLessThanOrEqualTo(3);
    }

    private static async Task<TrafficCount> RunAsync(StallingService service, TrafficSpec traffic, double rate, double seconds)
    {
        var port = FreePort.Next();
        await using var server = await StartAsync(service, port);
        var corpus = new Corpus(new DataSpec { Dimension = 4, Chunks = 10 }, seed: 1);
        await using var operations = new Operations(traffic, corpus, new Uri($"http://127.0.0.1:{port}"), seed: 1);
        var driver = new TrafficDriver(traffic, operations, seed: 1);
        var meter = new TrafficMeter(Stopwatch.GetTimestamp() + Stopwatch.Frequency / 100, seconds);
        await driver.RunAsync(rate, rate, seconds, meter, TestContext.Current.CancellationToken)
            .WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
        return meter.Read();
    }

    private static async Task<WebApplication> StartAsync(StallingService service, int port)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port, listen => listen.UseGrpcCleartext()));
        builder.Services.AddGrpc();
        builder.Services.AddSingleton(service);
        var app = builder.Build();
        app.MapGrpcService<StallingService>();
        await app.StartAsync();
        return app;
    }

    /// <summary>Answers at once, but for one long moment.</summary>
    internal sealed class StallingService(int after, TimeSpan stall) : SearchService.SearchServiceBase
    {
        private readonly TaskCompletionSource _over = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _calls;
        private int _atOnce;
        private int _mostAtOnce;

        public int FailsEvery { get; init; }

        public TimeSpan Delay { get; init; }

        public int MostAtOnce => _mostAtOnce;

        public override async Task<SearchResponse> Search(SearchRequest request, ServerCallContext context)
        {
            InterlockedMax(ref _mostAtOnce, Interlocked.Increment(ref _atOnce));
            try
            {
                var number = Interlocked.Increment(ref _calls);
                if (Delay > TimeSpan.Zero)
                    await Task.Delay(Delay);
                if (number == after)
                    _ = EndStallAsync();
                if (number >= after)
                    await _over.Task;
                if (FailsEvery > 0 && number % FailsEvery == 0)
                    throw new RpcException(new Status(StatusCode.ResourceExhausted, "too much"));
                return new SearchResponse();
            }
            finally
            {
                Interlocked.Decrement(ref _atOnce);
            }
        }

        public override async Task<SearchBatchResponse> SearchBatch(SearchBatchRequest request, ServerCallContext context)
        {
            var response = new SearchBatchResponse();
            foreach (var search in request.Searches)
                response.Results.Add(await OneAsync(search, context));
            return response;
        }

        public override async Task SearchStream(
            IAsyncStreamReader<SearchStreamRequest> requests, IServerStreamWriter<SearchStreamResponse> responses,
            ServerCallContext context)
        {
            while (await requests.MoveNext(context.CancellationToken))
            {
                await responses.WriteAsync(new SearchStreamResponse
                {
                    CorrelationId = requests.Current.CorrelationId,
                    Result = await OneAsync(requests.Current.Search, context),
                });
            }
        }

        private async Task<SearchResult> OneAsync(SearchRequest request, ServerCallContext context)
        {
            try
            {
                return new SearchResult { Response = await Search(request, context) };
            }
            catch (RpcException failure)
            {
                return new SearchResult { Error = new ItemError { Code = (int)failure.StatusCode, Message = failure.Status.Detail } };
            }
        }

        private static void InterlockedMax(ref int target, int value)
        {
            for (var seen = Volatile.Read(ref target); seen < value;)
                seen = Interlocked.CompareExchange(ref target, value, seen);
        }

        private async Task EndStallAsync()
        {
            await Task.Delay(stall);
            _over.TrySetResult();
        }
    }
}
