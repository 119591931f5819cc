namespace Rag.Cluster.Tests.Faults;

/// <summary>
/// A seeded workload over three shards with two replicas each and three NATS servers, while they are killed, paused and
/// started again. What holds in the end: no acknowledged write is lost, nothing deleted comes back, nothing is found that
/// nobody wrote, and every replica has the same content. A longer run: <c>./rag test --soak MINUTES FaultTests</c>.
/// </summary>
public sealed class FaultTests(ITestOutputHelper output)
{
    private const int Seed = 4711;
    private const int Rounds = 4;

    // An election of NATS takes 4 to 9 seconds, and writes wait for it.
    private static readonly TimeSpan WriteLimit = TimeSpan.FromSeconds(45);

    [Fact]
    public async Task Nothing_acknowledged_is_lost_whatever_is_killed_or_paused()
    {
        await using var cluster = await ClusterProcesses.StartAsync(shards: 3, replication: 2);
        await using var workload = new FaultWorkload(cluster.Address, Seed);
        await workload.StartAsync();
        await workload.MoreWritesAsync(50, WriteLimit);
        var random = new Random(Seed);
        var until = DateTime.UtcNow + TimeSpan.FromMinutes(SoakMinutes);
        var rounds = 0;
        for (; rounds < Rounds || DateTime.UtcNow < until; rounds++)
            await BreakAsync(cluster, workload, rounds, random);
        await workload.MoreWritesAsync(50, WriteLimit);
        await workload.StopAsync();
        await cluster.SettleAsync();
        await workload.VerifyAsync("with every node up");
        // Each partition has two replicas: without one shard, the other two answer for it, from what they hold themselves.
        foreach (var shard in cluster.Shards.ToList())
        {
            await cluster.KillAsync(shard);
            await workload.VerifyAsync($"without {shard}");
            await cluster.RestartAsync(shard);
            await cluster.SettleAsync();
        }

        output.WriteLine(
            $"{rounds} faults, {workload.Writes} writes ({workload.FailedWrites} not answered), {workload.Searches} searches "
            + $"({workload.FailedSearches} failed later than 2 s after a fault: {workload.LastFailure})");
        workload.FailedSearches.ShouldBeLessThanOrEqualTo(workload.Searches / 1000 + 1, workload.LastFailure);
    }

    private static int SoakMinutes => int.TryParse(Environment.GetEnvironmentVariable("RAG_SOAK_MINUTES"), out var minutes) ? minutes : 0;

    private static async Task BreakAsync(ClusterProcesses cluster, FaultWorkload workload, int round, Random random)
    {
        var nodes = (round % 2 == 0 ? cluster.Shards : cluster.NatsServers).ToList();
        var node = nodes[random.Next(nodes.Count)];
        workload.NoteFault();
        if (round % 4 < 2)
        {
            await cluster.KillAsync(node);
            await workload.MoreWritesAsync(20, WriteLimit);
            await cluster.RestartAsync(node);
        }
        else
        {
            await cluster.PauseAsync(node);
            await workload.MoreWritesAsync(20, WriteLimit);
            workload.NoteFault();
            await cluster.ResumeAsync(node);
        }

        await workload.MoreWritesAsync(20, WriteLimit);
        await cluster.SettleAsync();
    }
}
