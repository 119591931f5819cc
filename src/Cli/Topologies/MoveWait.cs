using Rag.Cli.Output;
using Rag.Hosting.Topology;
using Rag.Hosting.Topology.Moving;

namespace Rag.Cli.Topologies;

/// <summary>
/// Waits until every replica is where it should be, and makes the steps there that are due: routers do the same, and
/// whoever is first makes them. Stopped, it is taken up by them or by the next command.
/// </summary>
internal static class MoveWait
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    public static async Task<ClusterTopology> RunAsync(
        ITopologyStore store, RebalanceOptions options, Terminal terminal, CancellationToken cancellationToken)
    {
        var steps = new RebalanceSteps(store, options, TimeProvider.System);
        var told = -1;
        while (!Rebalance.IsSettled(store.Current))
        {
            var left = Rebalance.MovesOf(store.Current).Count;
            if (left != told)
                terminal.Error.WriteLine(left == 0 ? "All copies are made; those that were replaced leave." : $"{left} copies to make.");
            told = left;
            try
            {
                if (await steps.StepAsync(cancellationToken))
                    continue;
            }
            catch (TopologyUnavailableException away)
            {
                terminal.Error.WriteLine($"{away.Message} It goes on when that is over.");
            }

            await Task.Delay(Interval, cancellationToken);
        }

        return store.Current;
    }
}
