using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Rag.Cli;
using Rag.Cli.Bench;
using Rag.Cli.Clusters;
using Rag.Cli.Composition;
using Rag.Cli.Output;
using Rag.Client;
using Rag.Testing;
using Rag.V1;

namespace Rag.Benchmarks;

/// <summary>
/// Writes to a cluster as <c>rag cluster up</c> makes it, each node a process of its own on this machine: three servers of
/// NATS, three shards with two replicas of each of 256 partitions, a router: <c>dotnet run -c Release --project bench --
/// replicated-writes [SECONDS]</c>. Closed loop: each caller writes one batch of new chunks (384 components and 200 bytes of
/// text) after the other, into sixteen workspaces of a partition each. A write is acknowledged when NATS has ordered it and
/// the shard that took it has synced and applied it; the other replica's work is counted too. In the end every workspace
/// must hold what was acknowledged. Ten seconds a row, under two minutes in all.
/// </summary>
internal sealed class ReplicatedWritesReport(RagClient[] clients, ClusterState cluster, TimeSpan turn)
{
    private const int Workspaces = 16;
    private const int Dimension = 384;
    private const int Vectors = 256;
    private const int Connections = 4;

    // Processes that have just started compile for a while what they do often: it is not what a write costs.
    private static readonly TimeSpan FirstWarmUp = TimeSpan.FromSeconds(6);
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(5);
    private static readonly (int Chunks, int Callers)[] Shapes = [(1, 1), (1, 64), (64, 16), (512, 4)];
    private static readonly string[] Kinds = [NodeKind.Shard, NodeKind.Nats, NodeKind.Router];
    private static readonly string Text = string.Join(' ', Enumerable.Repeat("costs of travel are claimed by the fifth", 5));

    private readonly Vector[] _vectors = [.. Enumerable.Range(0, Vectors).Select(RandomVector)];
    private readonly ConcurrentDictionary<string, long> _acknowledged = new();
    private long _next;

    public static async Task<int> RunAsync(double seconds)
    {
        using var stop = new StopSignal();
        using var folder = new TemporaryFolder();
        var data = new DataFolder(folder.Path);
        var own = new ClusterFolder(data);
        var control = new ClusterControl(data, own, new Terminal(Console.Out, Console.Error, TextReader.Null));
        var plan = new ClusterPlan(own, new NodePorts([], any: true)).Create(new ClusterSize(
            Shards: 3, Replication: 2, Routers: 1, Ingestors: 0, NatsServers: 3, PostgresServers: 0));
        try
        {
            await control.UpAsync(plan, stop.Token);
            var router = control.State.Of(NodeKind.Router).Single().Address;
            var clients = Enumerable.Range(0, Connections).Select(_ => RagClient.Connect(router)).ToArray();
            var report = new ReplicatedWritesReport(clients, control.State, TimeSpan.FromSeconds(seconds));
            var isWhole = await report.RunAsync(stop.Token);
            foreach (var client in clients)
                client.Dispose();
            return isWhole ? 0 : 1;
        }
        finally
        {
            await control.DownAsync(control.State);
        }
    }

    private async Task<bool> RunAsync(CancellationToken stop)
    {
        await Task.WhenAll(Enumerable.Range(0, Workspaces).Select(i => clients[0].Workspaces.CreateAsync(
            new Workspace { Name = NameOf(i), Spaces = { new VectorSpace { Dimension = Dimension, Metric = Metric.Cosine } } }, stop)));
        await WriteAsync(chunks: 1, callers: 64, FirstWarmUp, stop);
        await WriteAsync(chunks: 64, callers: 4, FirstWarmUp / 2, stop);
        await Task.Delay(Rest, stop);
        Say($"{BenchMachine.Describe()}, load {File.ReadAllText("/proc/loadavg").Split(' ')[0]}");
        var before = Usage();
        await Task.Delay(Idle, stop);
        var idle = Spent(before).Select(cpu => cpu / Idle).ToArray();
        Say($"While nothing is written: shards {idle[0]:P1}, NATS {idle[1]:P1}, router {idle[2]:P1} of a core.\n");
        Say($"| chunks a write | callers | writes/s | chunks/s | p50, p99 ms | CPU µs a chunk: shards | NATS | router | callers |");
        Say($"| --- | --- | --- | --- | --- | --- | --- | --- | --- |");
        foreach (var (chunks, callers) in Shapes)
            await MeasureAsync(chunks, callers, stop);
        return await VerifyAsync(stop);
    }

    private async Task MeasureAsync(int chunks, int callers, CancellationToken stop)
    {
        await WriteAsync(chunks, callers, WarmUp, stop);
        var before = Usage();
        var watch = Stopwatch.StartNew();
        var times = await WriteAsync(chunks, callers, turn, stop);
        var seconds = watch.Elapsed.TotalSeconds;
        var cpu = Spent(before).Select(one => one.TotalMicroseconds / (times.Length * (double)chunks)).ToArray();
        var (rate, p50, p99) = (times.Length / seconds, times[times.Length / 2], times[times.Length * 99 / 100]);
        Say($"| {chunks} | {callers} | {rate:0} | {rate * chunks:0} | {p50:0.0}, {p99:0.0} | {cpu[0]:0} | {cpu[1]:0} | {cpu[2]:0} | {cpu[3]:0} |");
    }

    /// <summary>Milliseconds of each write, in order of their length.</summary>
    private async Task<double[]> WriteAsync(int chunks, int callers, TimeSpan time, CancellationToken stop)
    {
        var began = Stopwatch.GetTimestamp();
        var times = await Task.WhenAll(Enumerable.Range(0, callers).Select(caller => Task.Run(
            async () =>
            {
                var own = new List<double>();
                for (var i = caller; Stopwatch.GetElapsedTime(began) < time; i++)
                {
                    var batch = Enumerable.Range(0, chunks).Select(_ => NextChunk()).ToList();
                    var at = Stopwatch.GetTimestamp();
                    await WriteAsync(clients[caller % clients.Length], NameOf(i % Workspaces), batch, stop);
                    own.Add(Stopwatch.GetElapsedTime(at).TotalMilliseconds);
                }

                return own;
            },
            stop)));
        return [.. times.SelectMany(static one => one).Order()];
    }

    private async Task WriteAsync(RagClient client, string workspace, List<Chunk> batch, CancellationToken stop)
    {
        var answer = await client.Workspace(workspace).Chunks.UpsertAsync(batch, stop);
        if (answer.Results.FirstOrDefault(static result => result.Error is not null) is { } failed)
            throw new InvalidOperationException($"A chunk was not written: {failed.Error.Message}");
        _acknowledged.AddOrUpdate(workspace, batch.Count, (_, sum) => sum + batch.Count);
    }

    private async Task<bool> VerifyAsync(CancellationToken stop)
    {
        var isWhole = true;
        foreach (var (workspace, count) in _acknowledged.OrderBy(static one => one.Key, StringComparer.Ordinal))
        {
            var found = await clients[0].Workspace(workspace).Chunks.CountAsync(cancellationToken: stop);
            if (found == count)
                continue;
            isWhole = false;
            Say($"{workspace} holds {found} chunks, and {count} were acknowledged.");
        }

        return isWhole;
    }

    private Chunk NextChunk()
    {
        var number = Interlocked.Increment(ref _next);
        return new Chunk { ChunkId = $"chunk-{number}", Text = $"{number} {Text}", Vectors = { [""] = _vectors[number % Vectors] } };
    }

    private static Vector RandomVector(int seed)
    {
        var random = new Random(seed);
        return VectorValue.Of([.. Enumerable.Range(0, Dimension).Select(_ => random.NextSingle() - 0.5f)]);
    }

    private static string NameOf(int workspace) => $"writes-{workspace}";

    /// <summary>Processor time so far: of each kind of node, and of the callers.</summary>
    private TimeSpan[] Usage() => [.. Kinds.Select(OfKind), CpuOf(Environment.ProcessId)];

    private IEnumerable<TimeSpan> Spent(TimeSpan[] before) => Usage().Zip(before, static (now, then) => now - then);

    private TimeSpan OfKind(string kind) =>
        new(cluster.Of(kind).Sum(static node => CpuOf(node.Process!.ProcessId).Ticks));

    private static TimeSpan CpuOf(int processId)
    {
        using var process = Process.GetProcessById(processId);
        return process.TotalProcessorTime;
    }

    private static void Say(FormattableString line) => Console.WriteLine(line.ToString(CultureInfo.InvariantCulture));
}
