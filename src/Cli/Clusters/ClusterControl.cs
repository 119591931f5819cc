using System.Collections.Immutable;
using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Rag.Cli.Composition;
using Rag.Cli.Output;
using Rag.Hosting.Messaging;
using Rag.Hosting.Topology;
using Rag.Hosting.Topology.Moving;

namespace Rag.Cli.Clusters;

/// <summary>Starts, changes and ends a cluster on this machine. The state is written before and after each start.</summary>
internal sealed class ClusterControl(DataFolder data, ClusterFolder folder, Terminal terminal)
{
    private static readonly TimeSpan ReadyLimit = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(40);
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    private ClusterState _state = null!;

    public ClusterState State => _state;

    /// <summary>Starts a cluster, or what is down of one; where that fails, ends what it started.</summary>
    /// <exception cref="CliException">A node does not come up; the sentence has the end of its log.</exception>
    public async Task UpAsync(ClusterState state, CancellationToken cancellationToken)
    {
        using var self = Process.GetCurrentProcess();
        _state = state with { Starter = ProcessIdentity.Of(self) };
        folder.Write(_state);
        var started = new List<string>();
        try
        {
            foreach (var kinds in NodeKind.Stages)
            {
                // Replicas of PostgreSQL copy the primary.
                foreach (var node in NodeKind.StartOrder.Where(kinds.Contains)
                    .SelectMany(kind => _state.Of(kind).OrderBy(node => node.Name != _state.PostgresPrimary)).ToList())
                {
                    if (node.Process?.IsAlive() == true)
                        continue;
                    started.Add(node.Name);
                    await StartNodeAsync(node, cancellationToken);
                }

                await WaitReadyAsync(node => kinds.Contains(node.Kind), cancellationToken);
                if (kinds.Contains(NodeKind.Nats))
                    await CreateTopologyAsync(cancellationToken);
                if (kinds.Contains(NodeKind.Postgres) && _state.PostgresPrimary is not null)
                    await PostgresNodes.CreateDatabaseAsync(_state, cancellationToken);
            }

            await WithTopologyAsync(WaitSettledAsync, cancellationToken);
        }
        catch
        {
            terminal.Error.WriteLine("It did not come up: what was started is ended again.");
            await StopAsync(node => started.Contains(node.Name));
            Write(_state with { Starter = null });
            throw;
        }

        Write(_state with { Starter = null });
    }

    /// <summary>Ends what the state names, in order, and waits for it.</summary>
    public async Task DownAsync(ClusterState state)
    {
        _state = state;
        await StopAsync(_ => true);
        Write(_state with { Starter = null });
    }

    public async Task KillAsync(ClusterState state, string name)
    {
        _state = state;
        if (state.Find(name).Process is { } process)
            await NodeProcess.KillAsync(process);
    }

    public async Task StartAsync(ClusterState state, string name, CancellationToken cancellationToken)
    {
        _state = state;
        if (state.Find(name).Process?.IsAlive() != true)
            await StartNodeAsync(state.Find(name), cancellationToken);
        await WaitReadyAsync(node => node.Name == name, cancellationToken);
    }

    /// <summary>
    /// Makes a replica of PostgreSQL the primary; the former one is ended first, so that there are never two, but not before
    /// it is known that a replica runs that can take its place.
    /// </summary>
    /// <param name="name">Which; null: the one that has received most.</param>
    /// <returns>Its name, and that of the former primary where it ran until now.</returns>
    public async Task<(string Primary, string? Stopped)> PromoteAsync(ClusterState state, string? name, CancellationToken cancellationToken)
    {
        _state = state;
        if (state.PostgresPrimary is null)
            throw new CliException("This cluster keeps its metadata in SQLite: there is nothing to promote.");
        if (name == state.PostgresPrimary)
            throw new CliException($"{name} is the primary already.");
        var next = name is null ? await PostgresNodes.FindBestAsync(_state, cancellationToken) : PostgresNodes.FindRunning(_state, name);
        var former = state.Find(state.PostgresPrimary);
        var ran = former.Process?.IsAlive() == true;
        if (former.Process is { } process)
        {
            await NodeProcess.StopAsync(process, former.StopSignal, StopLimit);
            Write(_state.With(former with { Process = null }));
            if (name is null)
                next = await PostgresNodes.FindBestAsync(_state, cancellationToken);
        }

        await PostgresNodes.PromoteAsync(folder, _state, next, cancellationToken);
        Write(_state with { PostgresPrimary = next.Name });
        return (next.Name, ran ? former.Name : null);
    }

    /// <summary>Starts one shard more and waits until it has its share of the replicas.</summary>
    public async Task<string> AddShardAsync(ClusterState state, CancellationToken cancellationToken)
    {
        _state = state;
        var number = state.Of(NodeKind.Shard).Max(static node => int.Parse(node.Name["shard-".Length..])) + 1;
        var ports = new NodePorts(UsedPorts(state), state.AnyPort);
        var node = new ClusterPlan(folder, ports).Shard(number);
        await WithTopologyAsync(
            async store =>
            {
                await store.ChangeAsync(topology => TopologyWishes.PutShard(topology, NodeOf(node)), cancellationToken);
                await StartNodeAsync(node, cancellationToken);
                await WaitReadyAsync(started => started.Name == node.Name, cancellationToken);
                await WaitSettledAsync(store, cancellationToken);
            },
            cancellationToken);
        return node.Name;
    }

    private static IEnumerable<int> UsedPorts(ClusterState state) => state.Nodes
        .SelectMany(static node => new[] { node.Address, node.Health, node.Route })
        .OfType<string>().Select(static address => new Uri(address).Port);

    private static ShardNode NodeOf(ClusterNode node) => new(node.Name, new Uri(node.Address));

    private async Task StartNodeAsync(ClusterNode node, CancellationToken cancellationToken)
    {
        switch (node.Kind)
        {
            case NodeKind.Nats:
                NatsNodes.Configure(folder, _state, node);
                break;
            case NodeKind.Postgres:
                if (node.Name != _state.PostgresPrimary)
                    await WaitReadyAsync(other => other.Name == _state.PostgresPrimary, cancellationToken);
                await PostgresNodes.PrepareAsync(folder, _state, node, cancellationToken);
                break;
            default:
                NodeSettings.Write(data, folder, _state, node);
                break;
        }

        var process = NodeProcess.Start(node.Command, folder.LogFile(node.Name), NodeSettings.Environment(node));
        Write(_state.With(node with { Process = process }));
    }

    private async Task StopAsync(Func<ClusterNode, bool> which)
    {
        foreach (var kind in NodeKind.StartOrder.Reverse())
        {
            var nodes = _state.Of(kind).Where(which).ToList();
            await Task.WhenAll(nodes.Select(static node => node.Process is null
                ? Task.CompletedTask
                : NodeProcess.StopAsync(node.Process, node.StopSignal, StopLimit)));
            foreach (var node in nodes)
                Write(_state.With(node with { Process = null }));
        }
    }

    private void Write(ClusterState state) => folder.Write(_state = state);

    private async Task WaitReadyAsync(Func<ClusterNode, bool> which, CancellationToken cancellationToken)
    {
        var watch = Stopwatch.StartNew();
        var waiting = _state.Nodes.Where(which).ToList();
        while (true)
        {
            var states = await Task.WhenAll(waiting.Select(node => NodeHealth.AskAsync(node, cancellationToken)));
            var dead = waiting.Where((_, i) => states[i] == NodeHealth.Dead).FirstOrDefault();
            if (dead is not null)
                throw Failure(dead, "ended");
            waiting = [.. waiting.Where((_, i) => states[i] != NodeHealth.Ready)];
            if (waiting.Count == 0)
                return;
            if (watch.Elapsed > ReadyLimit)
                throw Failure(waiting[0], $"is not ready after {ReadyLimit.TotalSeconds:0} s");
            await Task.Delay(Interval, cancellationToken);
        }
    }

    private CliException Failure(ClusterNode node, string what)
    {
        const int lines = 12;
        var log = folder.LogFile(node.Name);
        var tail = File.Exists(log) ? string.Join('\n', File.ReadLines(log).TakeLast(lines)) : "";
        return new CliException($"{node.Name} {what}; its log {log} ends with:\n{tail}");
    }

    private async Task CreateTopologyAsync(CancellationToken cancellationToken)
    {
        ImmutableArray<ShardNode> shards = [.. _state.Of(NodeKind.Shard).Select(NodeOf)];
        var first = ClusterTopology.Balanced(1, ClusterTopology.DefaultPartitions, shards, _state.Replication, _state.Id);
        var watch = Stopwatch.StartNew();
        await using var nats = new ServiceCollection().AddNats(NatsNodes.Options(_state), NullLoggerFactory.Instance);
        while (true)
        {
            try
            {
                await TopologyStream.CreateAsync(nats, NatsNodes.Options(_state), first, cancellationToken);
                return;
            }
            catch (TopologyUnavailableException) when (watch.Elapsed < ReadyLimit)
            {
                // Its servers elect a leader.
                await Task.Delay(Interval, cancellationToken);
            }
        }
    }

    private Task WithTopologyAsync(Func<ITopologyStore, CancellationToken, Task> action, CancellationToken cancellationToken) =>
        WithTopologyAsync(store => action(store, cancellationToken), cancellationToken);

    private async Task WithTopologyAsync(Func<ITopologyStore, Task> action, CancellationToken cancellationToken)
    {
        var options = NatsNodes.Options(_state);
        await using var nats = new ServiceCollection().AddNats(options, NullLoggerFactory.Instance);
        await using var store = await TopologyStream.OpenAsync(
            nats, options, copyPath: null, NullLogger<TopologyStream>.Instance, cancellationToken: cancellationToken);
        await action(store);
    }

    private async Task WaitSettledAsync(ITopologyStore store, CancellationToken cancellationToken)
    {
        var (told, last) = (Stopwatch.StartNew(), "");
        while (!Rebalance.IsSettled(store.Current))
        {
            var copies = Rebalance.MovesOf(store.Current).Count;
            var now = copies == 0 ? "Replicas that were replaced leave ..." : $"{copies} copies of replicas to make ...";
            if (told.Elapsed > TimeSpan.FromSeconds(5) && now != last)
            {
                terminal.Error.WriteLine(now);
                last = now;
                told.Restart();
            }

            await Task.Delay(Interval, cancellationToken);
        }
    }
}
