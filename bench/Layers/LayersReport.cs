extern alias load;

using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Rag.Cli.Bench;
using Rag.Cli.Composition;
using Rag.Client;
using Rag.Engine;
using Rag.Engine.Storage;
using Rag.Hosting.Wire;
using load::Rag.Load.Data;
using load::Rag.Load.Driving;
using load::Rag.Load.Measuring;
using load::Rag.Load.Scenarios;
using Rag.Router.Wire;
using Rag.Router.Workspaces;
using Rag.V1;
using SearchAnswer = Rag.Router.Wire.SearchAnswer;
using SearchRequest = Rag.V1.SearchRequest;

namespace Rag.Benchmarks.Layers;

/// <summary>
/// Where the time of one search goes, from the index to the caller: <c>dotnet run -c Release --project bench -- layers
/// [WORKSPACES] [CHUNKS] [SECONDS]</c>. The same searches by vector on every way: first over the wire to an engine in a
/// process of its own, then, on the same data, within this process, a layer less each time. Processor time, so that a busy
/// machine changes little.
/// </summary>
internal sealed class LayersReport(int workspaces, int chunks, double seconds)
{
    private const int Queries = 4096;
    private const int UnderWay = 256;
    private const int Callers = 32;
    private const int K = 10;

    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    private readonly TrafficSpec _traffic = new() { Zipf = 1, Connections = 2, Streams = 4, BatchSize = 64, RecallTarget = 0.95, K = K };
    private readonly Corpus _corpus = new(new DataSpec { Workspaces = workspaces, Chunks = chunks }, seed: 1);
    private readonly List<Layer> _layers = [];
    private Operation[] _operations = [];

    public static async Task<int> RunAsync(string[] arguments)
    {
        double Number(int index, double otherwise) =>
            arguments.Length > index ? double.Parse(arguments[index], CultureInfo.InvariantCulture) : otherwise;
        Console.WriteLine(BenchMachine.Describe());
        await new LayersReport((int)Number(0, 1000), (int)Number(1, 100), Number(2, 3)).RunAsync();
        return 0;
    }

    private async Task RunAsync()
    {
        var picker = new WorkspacePicker(0, workspaces, _traffic.Zipf, seed: 1);
        var random = new Random(1);
        _operations = [.. Enumerable.Range(0, Queries).Select(_ => new Operation(
            OperationKind.Vector, picker.Pick(random), VectorQueries.NumberOf(random.Next(1000))))];
        var folder = Directory.CreateTempSubdirectory("rag-layers-").FullName;
        try
        {
            // Searches pass the door, but are not turned away where a busy machine has no threads for so many callers.
            await File.WriteAllTextAsync(
                Path.Combine(folder, "rag.json"), """{ "Router": { "Probe": true, "Overload": { "TargetDelay": "00:00:10" } } }""");
            await MeasureWireAsync(folder);
            await MeasureInProcessAsync(folder);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        LayerTable.Print(_layers);
        LayerTable.PrintBars(_layers[^4], _layers[^3], _layers[^2], _layers[1]);
    }

    private async Task MeasureWireAsync(string folder)
    {
        using var server = LayersServer.Start(folder);
        try
        {
            var address = new Uri((await server.StandardOutput.ReadLineAsync())!);
            await using (var client = RagClient.Connect(address.ToString(), new RagClientOptions { Timeout = TimeSpan.FromMinutes(5) }))
                await DataLoader.LoadAsync(client, _corpus, new Progress<double>(), CancellationToken.None);
            using var connections = new Connections(address, _traffic.Connections);
            var queries = new VectorQueries(_traffic, _corpus);
            var requests = Array.ConvertAll(_operations, operation => queries.Get(operation).ToArray());
            await OverWireAsync(server, "unary, empty answer", seen => CallsAsync(connections, "rag.internal.v1.ProbeService", "Discard", requests, seen));
            await OverWireAsync(server, "unary", seen => CallsAsync(connections, "rag.v1.SearchService", "Search", requests, seen));
            await using (var streams = new PostedStreams(connections, queries, _traffic.Streams, Timeout))
                await OverWireAsync(server, "streamed", ends => Task.FromResult(Post(streams, UnderWay, ends)));
            await using (var batches = new PostedBatches(connections, queries, _traffic.BatchSize, 2 * _traffic.Connections, Timeout))
                await OverWireAsync(server, "batches of 64", ends => Task.FromResult(Post(batches, 4 * _traffic.BatchSize, ends)));
        }
        finally
        {
            server.StandardInput.Close();
            await server.WaitForExitAsync();
        }
    }

    /// <summary>Measures twice, the first time to warm up.</summary>
    private async Task OverWireAsync(Process server, string name, Func<long, Task<long>> run)
    {
        await run(Ends(seconds));
        using var self = Process.GetCurrentProcess();
        var (cpu, bytes) = await AskAsync(server);
        var own = self.TotalProcessorTime;
        var watch = Stopwatch.StartNew();
        var count = await run(Ends(seconds));
        var elapsed = watch.Elapsed.TotalSeconds;
        self.Refresh();
        var caller = (self.TotalProcessorTime - own).TotalMicroseconds / count;
        var (cpuAfter, bytesAfter) = await AskAsync(server);
        _layers.Add(new Layer(name, count / elapsed, (cpuAfter - cpu) / count, caller, (bytesAfter - bytes) / count));
    }

    private static async Task<(double Cpu, double Bytes)> AskAsync(Process server)
    {
        await server.StandardInput.WriteLineAsync();
        await server.StandardInput.FlushAsync();
        var said = (await server.StandardOutput.ReadLineAsync())!.Split(' ');
        return (double.Parse(said[0], CultureInfo.InvariantCulture), double.Parse(said[1], CultureInfo.InvariantCulture));
    }

    private static async Task<long> CallsAsync(Connections connections, string service, string name, byte[][] requests, long ends)
    {
        var counts = await Task.WhenAll(Enumerable.Range(0, Callers).Select(caller => Task.Run(async () =>
        {
            var method = RawMessage.Method(MethodType.Unary, service, name, static _ => { }, static _ => { });
            var invoker = connections.Invokers[caller % connections.Invokers.Count];
            var message = new RawMessage();
            var count = 0L;
            while (Stopwatch.GetTimestamp() < ends)
            {
                message.Set(requests[(caller * 1009 + count) % requests.Length]);
                using var call = invoker.AsyncUnaryCall(method, null, new CallOptions(deadline: DateTime.UtcNow + Timeout), message);
                await call.ResponseAsync;
                count++;
            }

            return count;
        })));
        return counts.Sum();
    }

    private long Post(IPostedSearches searches, int underWay, long ends)
    {
        PreciseSleep.PrepareThread();
        var meter = new TrafficMeter(Stopwatch.GetTimestamp(), seconds);
        meter.Offer(1e6);
        var next = 0;
        while (Stopwatch.GetTimestamp() is var now && now < ends)
        {
            for (var room = underWay - searches.UnderWay; room > 0; room--)
                searches.Post(_operations[next++ % _operations.Length], now, meter);
            searches.Flush();
            PreciseSleep.Until(now + Stopwatch.Frequency / 2000);
        }

        while (searches.UnderWay > 0)
            PreciseSleep.Until(Stopwatch.GetTimestamp() + Stopwatch.Frequency / 2000);
        var seen = meter.Read();
        return seen.Failed == 0
            ? seen.Answered
            : throw new InvalidOperationException($"{seen.Failed} searches failed: {seen.Errors.First().Value.Example}");
    }

    private async Task MeasureInProcessAsync(string folder)
    {
        await using var engine = await EngineHost.StartAsync(
            new EngineHostOptions { Data = new DataFolder(folder), Patience = TimeSpan.FromSeconds(30) }, LogLevel.Warning,
            CancellationToken.None);
        var router = new SearchService.SearchServiceClient(engine.Invoker);
        var queries = new VectorQueries(_traffic, _corpus);
        var requests = Array.ConvertAll(_operations, operation => queries.Get(operation).ToArray());
        var messages = Array.ConvertAll(requests, SearchRequest.Parser.ParseFrom);
        // Wakes every workspace that is searched.
        foreach (var message in messages.DistinctBy(static message => message.Workspace))
            await router.SearchAsync(message);
        var own = new List<Layer>();
        var store = engine.Services.GetRequiredService<ShardStore>();
        var directory = engine.Services.GetRequiredService<WorkspaceDirectory>();
        var known = Array.ConvertAll(messages, message => Known(directory, message));
        var vectors = Array.ConvertAll(messages, static message =>
            MemoryMarshal.Cast<byte, float>(message.Vector.Packed.Span).ToArray());
        own.Add(InProcess("engine, hits as objects", i => store.SearchAsync(
            new SliceId(known[i].Uid, known[i].Partitions[0]),
            new Engine.SearchQuery { Vector = vectors[i], K = K, RecallTarget = 0.95f, Return = Engine.ReturnFields.Text | Engine.ReturnFields.Metadata | Engine.ReturnFields.Attributes },
            CancellationToken.None).AsTask().Wait()));
        var plain = engine.Services.GetRequiredService<PlainSearcher>();
        var local = engine.Services.GetRequiredService<ILocalSearch>();
        var answer = SearchAnswer.Rent();
        own.Add(InProcess("engine, hits as bytes", i =>
        {
            answer.Bytes.Clear();
            var query = new LocalSearchQuery(
                known[i].Uid, known[i].Partitions[0], known[i].SettingsVersion, vectors[i], K, 0.95f, 0, false, HitFields.Text | HitFields.Metadata | HitFields.Passage);
            Require(local.TrySearch(query, answer.Bytes, out _));
        }));
        own.Add(InProcess("router, bytes to bytes", i =>
        {
            answer.Bytes.Clear();
            var call = SearchCallReader.Read(new ReadOnlySequence<byte>(requests[i]));
            Require(plain.TryAnswer(call, null, answer.Bytes));
            call.Return();
        }));
        own.Add(InProcess("router, by messages", i => router.SearchAsync(messages[i]).ResponseAsync.Wait()));
        _layers.InsertRange(0, own);
    }

    private Layer InProcess(string name, Action<int> search)
    {
        Run(search, Ends(seconds));
        using var self = Process.GetCurrentProcess();
        var (cpu, bytes) = (self.TotalProcessorTime, GC.GetTotalAllocatedBytes(precise: true));
        var watch = Stopwatch.StartNew();
        var count = Run(search, Ends(seconds));
        var elapsed = watch.Elapsed.TotalSeconds;
        self.Refresh();
        return new Layer(name, count / elapsed, (self.TotalProcessorTime - cpu).TotalMicroseconds / count, null,
            (GC.GetTotalAllocatedBytes(precise: true) - bytes) / (double)count);
    }

    private static long Run(Action<int> search, long ends)
    {
        var count = 0L;
        while (Stopwatch.GetTimestamp() < ends)
            search((int)(count++ % Queries));
        return count;
    }

    private static KnownWorkspace Known(WorkspaceDirectory directory, SearchRequest search) =>
        directory.TryGet(search.Workspace, out var known) ? known : throw new InvalidOperationException("Nobody knows it.");

    private static long Ends(double seconds) => Stopwatch.GetTimestamp() + (long)(seconds * Stopwatch.Frequency);

    private static void Require(bool answered)
    {
        if (!answered)
            throw new InvalidOperationException("The search was not answered at once.");
    }
}
