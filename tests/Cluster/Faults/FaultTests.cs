using System.Diagnostics;

namespace Rag.Cluster.Tests.Faults;

/// <summary>
/// A seeded workload over three shards with two replicas each, two routers, two ingestors, three NATS servers and
/// PostgreSQL, while each of them is killed, paused, started again and cut off. What holds in the end: no acknowledged
/// write is lost, nothing deleted comes back, nothing is found that nobody wrote, every replica has the same content,
/// and every job has ended in one true state. A longer run, with a seed of its own that RAG_FAULT_SEED repeats:
/// <c>./rag test --soak MINUTES FaultTests</c>.
/// </summary>
public sealed class FaultTests(ITestOutputHelper output)
{
    private const int Seed = 4711;

    // Of each node, where a round fails.
    private const int LogLines = 60;

    // An election of NATS takes 4 to 9 seconds, and writes wait for it.
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);

    private static readonly (NodeKind Kind, Fault Fault)[] Suite =
    [
        (NodeKind.Shard, Fault.Kill), (NodeKind.Router, Fault.Silence), (NodeKind.Nats, Fault.Kill), (NodeKind.Ingestor, Fault.Pause),
        (NodeKind.Postgres, Fault.Cut), (NodeKind.Shard, Fault.Cut), (NodeKind.Router, Fault.Kill),
    ];

    private static readonly Fault[] Anything = [Fault.Kill, Fault.Pause, Fault.Restart, Fault.Cut, Fault.Silence, Fault.Delay];

    private static readonly (NodeKind Kind, Fault[] Faults)[] Soak =
    [
        (NodeKind.Shard, Anything), (NodeKind.Shard, Anything), (NodeKind.Router, Anything), (NodeKind.Ingestor, Anything), (NodeKind.Nats, Anything),
        (NodeKind.Postgres, [Fault.Kill, Fault.Restart, Fault.Cut, Fault.Silence, Fault.Delay, Fault.FailOver]),
    ];

    private static int SoakMinutes => int.TryParse(Environment.GetEnvironmentVariable("RAG_SOAK_MINUTES"), out var minutes) ? minutes : 0;

    [Fact]
    public async Task Nothing_acknowledged_is_lost_whatever_is_killed_paused_or_cut_off()
    {
        var seed = int.TryParse(Environment.GetEnvironmentVariable("RAG_FAULT_SEED"), out var given) ? given
            : SoakMinutes > 0 ? Environment.TickCount & 0xFFFF : Seed;
        Tell($"seed {seed}");
        await using var cluster = await FaultCluster.StartAsync(isMetadataReplicated: SoakMinutes > 0);
        await using var routers = new RouterPool(cluster.Routers);
        var clock = new FaultClock();
        await using var chunks = new FaultWorkload(routers, clock, seed);
        await using var documents = new DocumentWorkload(routers, clock, seed);
        await chunks.StartAsync();
        await documents.StartAsync();
        await chunks.GoOnAsync(30, Limit);
        await documents.GoOnAsync(3, Limit);
        var random = new Random(seed);
        var work = new Workloads(clock, chunks, documents);
        // In a soak, replicas move at the same time.
        var moves = new TopologyMoves(cluster, random);
        var watch = Stopwatch.StartNew();
        var rounds = 0;
        var suite = Suite.Where(round => IsWanted(round.Kind)).ToList();
        for (; rounds < suite.Count || watch.Elapsed < TimeSpan.FromMinutes(SoakMinutes); rounds++)
        {
            var (kind, fault) = rounds < suite.Count ? suite[rounds] : Draw(random);
            if (SoakMinutes > 0 && random.Next(2) == 0 && await moves.TryBeginAsync() is { } move)
                Tell($"{DateTime.UtcNow:HH:mm:ss.fff} {move}");
            var nodes = cluster.Of(kind).ToList();
            await RunAsync(cluster, nodes[random.Next(nodes.Count)], fault, work);
        }

        await chunks.StopAsync();
        await documents.StopAsync();
        await moves.SettledAsync(TimeSpan.FromMinutes(3));
        await documents.VerifyJobsAsync();
        await cluster.CaughtUpAsync(Limit);
        await chunks.VerifyAsync("with every node up");
        await documents.VerifyAsync("with every node up");
        // Each partition has two replicas: without one shard, the other two answer for it, from what they hold themselves.
        foreach (var shard in cluster.Of(NodeKind.Shard).ToList())
        {
            await shard.BreakAsync(Fault.Kill);
            await chunks.VerifyAsync($"without {shard.Name}");
            await documents.VerifyAsync($"without {shard.Name}");
            await shard.MendAsync(Fault.Kill);
            await cluster.CaughtUpAsync(Limit);
        }

        Tell($"seed {seed}: {rounds + cluster.Of(NodeKind.Shard).Count()} faults and {moves.Count} moves in {watch.Elapsed.TotalSeconds:0} s; "
            + $"{chunks.Writes}; {chunks.Searches}; {chunks.OwnReads}; "
            + $"{documents.Documents}; {documents.Jobs} jobs");
        Tell($"{chunks.Writes.Failures}\n{chunks.Searches.Failures}\n{chunks.OwnReads.Failures}\n{documents.Documents.Failures}");
        chunks.Writes.ShouldBeGood();
        chunks.Searches.ShouldBeGood();
        chunks.OwnReads.ShouldBeGood();
        documents.Documents.ShouldBeGood();
        // Told in the short run, and held to in the long one, which has its machine to itself.
        if (SoakMinutes > 0)
            chunks.Writes.LongestThroughNats.ShouldBeLessThan(FaultClock.WriteLimit, "the longest wait of a write through a fault of NATS");
    }

    /// <summary>RAG_FAULT_KIND, such as Nats, leaves the others alone.</summary>
    private static bool IsWanted(NodeKind kind) =>
        Environment.GetEnvironmentVariable("RAG_FAULT_KIND") is not { Length: > 0 } only || only == kind.ToString();

    private static (NodeKind Kind, Fault Fault) Draw(Random random)
    {
        var wanted = Soak.Where(one => IsWanted(one.Kind)).ToList();
        var (kind, faults) = wanted[random.Next(wanted.Count)];
        return (kind, faults[random.Next(faults.Length)]);
    }

    private async Task RunAsync(FaultCluster cluster, FaultNode node, Fault fault, Workloads work)
    {
        try
        {
            await RunOnceAsync(cluster, node, fault, work);
        }
        catch
        {
            Tell($"{work.Chunks.Writes.Failures}\n{work.Chunks.Searches.Failures}\n{work.Documents.Documents.Failures}");
            foreach (var one in cluster.Nodes)
                output.WriteLine($"---- {one.Name}\n{string.Join('\n', one.Output.Split('\n').TakeLast(LogLines))}");
            throw;
        }
    }

    private async Task RunOnceAsync(FaultCluster cluster, FaultNode node, Fault fault, Workloads work)
    {
        var watch = Stopwatch.StartNew();
        work.Clock.Break(node.Kind);
        Tell($"{DateTime.UtcNow:HH:mm:ss.fff} {node.Name} {fault}");
        await node.BreakAsync(fault);
        if (node.Kind == NodeKind.Postgres && fault != Fault.Delay)
        {
            work.Clock.NoteMetadataAway();
            await work.Documents.ShouldSayUnavailableAsync();
        }

        await work.Chunks.GoOnAsync(20, Limit);
        if (fault == Fault.FailOver)
        {
            await node.PromoteAsync();
            work.Clock.Mend(node.Kind);
            Tell($"{DateTime.UtcNow:HH:mm:ss.fff} another one takes its place");
        }

        if (node.Kind != NodeKind.Postgres || fault == Fault.FailOver)
            await work.Documents.GoOnAsync(1, Limit);
        var broken = watch.Elapsed;
        work.Clock.Mend(node.Kind);
        Tell($"{DateTime.UtcNow:HH:mm:ss.fff} {node.Name} is mended");
        await node.MendAsync(fault);
        work.Clock.Mend(node.Kind);
        await work.Chunks.GoOnAsync(20, Limit);
        await work.Documents.GoOnAsync(2, Limit);
        await cluster.CaughtUpAsync(Limit);
        Tell($"{node.Name} {fault}: {broken.TotalSeconds:0.0} s, mended in {(watch.Elapsed - broken).TotalSeconds:0.0} s; "
            + $"{work.Chunks.Writes}; {work.Chunks.Searches}; {work.Documents.Documents}");
    }

    /// <summary>To the test's result, and at once to who watches a long run.</summary>
    private void Tell(string text)
    {
        output.WriteLine(text);
        TestContext.Current.SendDiagnosticMessage($"soak: {text}");
    }

    private sealed record Workloads(FaultClock Clock, FaultWorkload Chunks, DocumentWorkload Documents);
}
