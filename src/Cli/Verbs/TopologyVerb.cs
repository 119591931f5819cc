using System.CommandLine;
using Rag.Cli.Composition;
using Rag.Cli.Options;
using Rag.Cli.Output;
using Rag.Cli.Topologies;
using Rag.Hosting.Topology;
using Rag.Hosting.Topology.Moving;

namespace Rag.Cli.Verbs;

/// <summary><c>rag topology show|plan|apply|add-shard|remove-shard|drain</c>.</summary>
internal static class TopologyVerb
{
    public static Command Create(Terminal terminal) => new Verb(
        "topology", "Show which shard holds what, and change it: replicas move by themselves, while everything is served.",
        "rag topology show", "rag topology add-shard shard-3 http://10.0.0.7:7710 --wait",
        "rag topology drain shard-0 --dry-run", "rag topology apply topology.json")
    {
        Show(terminal), Plan(terminal), Apply(terminal), AddShard(terminal), RemoveShard(terminal), Drain(terminal),
    };

    private static Verb Show(Terminal terminal)
    {
        var call = new Options("show", "Show the topology: shards, and how many replicas they hold.");
        call.Verb.SetAction(async (parsed, stop) =>
        {
            await using var access = call.Open(parsed);
            var topology = (await access.OpenAsync(stop)).Current;
            if (parsed.GetValue(call.Json))
                TopologyReport.WriteJson(terminal.Out, topology);
            else
                TopologyReport.Write(terminal.Out, topology);
            return ExitCode.Ok;
        });
        return call.Verb;
    }

    private static Verb Plan(Terminal terminal)
    {
        var call = new Options("plan", "Show which partitions are still to move, and how many bytes; with a file, what applying it would move.");
        var file = new Argument<string?>("file")
        {
            Description = "A topology: shards, weights, replication factor.", Arity = ArgumentArity.ZeroOrOne,
        };
        call.Verb.Arguments.Add(file);
        call.Verb.SetAction(async (parsed, stop) =>
        {
            await using var access = call.Open(parsed);
            var topology = (await access.OpenAsync(stop)).Current;
            if (parsed.GetValue(file) is { } path)
                topology = TopologyWishes.Follow(topology, Read(path)) ?? topology;
            await PrintPlanAsync(terminal, topology, parsed.GetValue(call.Json), stop);
            return ExitCode.Ok;
        });
        return call.Verb;
    }

    private static Verb Apply(Terminal terminal)
    {
        var file = new Argument<string>("file") { Description = "A topology: shards, weights, replication factor." };
        var change = new ChangeOptions(
            "apply", "Make a file's topology the cluster's: its shards, weights and replication factor. Where the cluster has none, "
            + "it is the first one, with the file's placement.");
        change.Verb.Arguments.Add(file);
        change.Verb.SetAction(async (parsed, stop) =>
        {
            await using var access = change.Open(parsed);
            var wanted = Read(parsed.GetValue(file)!);
            if (!parsed.GetValue(change.DryRun))
            {
                var first = wanted.ClusterId.Length > 0 ? wanted : wanted.OfCluster(Guid.CreateVersion7().ToString());
                if (await access.CreateAsync(first, stop))
                {
                    change.Print(terminal, parsed, first);
                    return ExitCode.Ok;
                }
            }

            return await change.RunAsync(terminal, parsed, access, topology => TopologyWishes.Follow(topology, wanted), stop);
        });
        return change.Verb;
    }

    private static Verb AddShard(Terminal terminal)
    {
        var name = new Argument<string>("name") { Description = "Its name: new, or one whose address or weight changes." };
        var address = new Argument<Uri>("address")
        {
            Description = "Where routers reach it, as http://10.0.0.7:7710.",
            CustomParser = result =>
            {
                if (Uri.TryCreate(result.Tokens[0].Value, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https")
                    return uri;
                result.AddError($"'{result.Tokens[0].Value}' is no address such as http://10.0.0.7:7710.");
                return null;
            },
        };
        var weight = new Option<double>("--weight")
        {
            Description = "Its share of the replicas relative to others. Default 1.", DefaultValueFactory = _ => 1,
        };
        var change = new ChangeOptions("add-shard", "Add a shard: its share of the replicas moves to it, nothing between the others.");
        change.Verb.Arguments.Add(name);
        change.Verb.Arguments.Add(address);
        change.Verb.Options.Add(weight);
        change.Verb.SetAction(async (parsed, stop) =>
        {
            await using var access = change.Open(parsed);
            var shard = new ShardNode(parsed.GetValue(name)!, parsed.GetValue(address)!, parsed.GetValue(weight));
            return await change.RunAsync(terminal, parsed, access, topology => TopologyWishes.PutShard(topology, shard), stop);
        });
        return change.Verb;
    }

    private static Verb RemoveShard(Terminal terminal) => OfOneShard(
        terminal, "remove-shard", "Take a shard out: its replicas move to the others first.", TopologyWishes.Remove);

    private static Verb Drain(Terminal terminal) => OfOneShard(
        terminal, "drain", "Move all replicas away from a shard, which stays in the topology with weight 0.", TopologyWishes.Drain);

    private static Verb OfOneShard(
        Terminal terminal, string verb, string description, Func<ClusterTopology, string, ClusterTopology?> wish)
    {
        var name = new Argument<string>("name") { Description = "The shard's name." };
        var change = new ChangeOptions(verb, description);
        change.Verb.Arguments.Add(name);
        change.Verb.SetAction(async (parsed, stop) =>
        {
            await using var access = change.Open(parsed);
            return await change.RunAsync(terminal, parsed, access, topology => wish(topology, parsed.GetValue(name)!), stop);
        });
        return change.Verb;
    }

    private static ClusterTopology Read(string path)
    {
        try
        {
            return ClusterTopology.Parse(File.ReadAllText(path));
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new CliException($"{path} cannot be read: {fault.Message}");
        }
    }

    private static async Task PrintPlanAsync(Terminal terminal, ClusterTopology topology, bool json, CancellationToken stop)
    {
        var sizes = await PartitionSizes.AskAsync(topology, stop);
        if (json)
            TopologyReport.WritePlanJson(terminal.Out, topology, sizes);
        else
            TopologyReport.WritePlan(terminal.Out, topology, sizes);
    }

    /// <summary>What every verb of this kind has.</summary>
    private class Options
    {
        private readonly Option<string?> _topology = TopologyOption.Create();
        private readonly Option<string?> _data = DataOption.Create(
            "Folder whose rag.json names the servers of NATS, or of a cluster. Default: RAG_DATA, else .rag/data of the checkout.");

        public Options(string name, string description)
        {
            Verb = new Verb(name, description) { _topology, _data, Json };
        }

        public Verb Verb { get; }

        public Option<bool> Json { get; } = JsonOption.Create();

        public TopologyAccess Open(ParseResult parsed) => TopologyAccess.Create(parsed, _topology, _data);

        public RebalanceOptions Rebalancing(ParseResult parsed) =>
            Settings.Read(DataFolder.Resolve(parsed.GetValue(_data))).Get("Rebalance", new RebalanceOptions());
    }

    /// <summary>What every verb has that changes the topology.</summary>
    private sealed class ChangeOptions : Options
    {
        private readonly Option<bool> _wait = new("--wait") { Description = "Return when every replica is where it should be." };

        public ChangeOptions(string name, string description)
            : base(name, description)
        {
            Verb.Options.Add(DryRun);
            Verb.Options.Add(_wait);
        }

        public Option<bool> DryRun { get; } = new("--dry-run") { Description = "Show what would move, and change nothing." };

        public async Task<int> RunAsync(
            Terminal terminal, ParseResult parsed, TopologyAccess access, Func<ClusterTopology, ClusterTopology?> wish,
            CancellationToken stop)
        {
            var store = await access.OpenAsync(stop);
            if (parsed.GetValue(DryRun))
            {
                await PrintPlanAsync(terminal, wish(store.Current) ?? store.Current, parsed.GetValue(Json), stop);
                return ExitCode.Ok;
            }

            var topology = await store.ChangeAsync(wish, stop);
            if (parsed.GetValue(_wait))
                topology = await MoveWait.RunAsync(store, Rebalancing(parsed), terminal, stop);
            Print(terminal, parsed, topology);
            return ExitCode.Ok;
        }

        public void Print(Terminal terminal, ParseResult parsed, ClusterTopology topology)
        {
            if (parsed.GetValue(Json))
                TopologyReport.WriteJson(terminal.Out, topology);
            else
                TopologyReport.Write(terminal.Out, topology);
        }
    }
}
