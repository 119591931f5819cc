using System.CommandLine;
using Rag.Cli.Clusters;
using Rag.Cli.Composition;
using Rag.Cli.Options;
using Rag.Cli.Output;

namespace Rag.Cli.Verbs;

/// <summary><c>rag cluster up|status|kill|start|add-shard|promote|down</c>: a whole cluster on this machine.</summary>
internal static class ClusterVerb
{
    public static Command Create(Terminal terminal) => new Verb(
        "cluster", "A whole cluster on this machine, each part a process of its own: to try it, to break it.",
        "rag cluster up --shards 3 --replication 2", "rag cluster status", "rag cluster kill shard-1", "rag cluster start shard-1",
        "rag cluster add-shard", "rag cluster promote", "rag cluster down")
    {
        Up(terminal), Status(terminal), Kill(terminal), Start(terminal), AddShard(terminal), Promote(terminal), Down(terminal),
    };

    private static Verb Up(Terminal terminal)
    {
        var shards = Count("--shards", "Shards of a new cluster. Default 3.", 3, 64);
        var replication = Count("--replication", "Replicas of each partition, at most as many as shards. Default 2.", 2, 7);
        var routers = Count("--routers", "Routers of a new cluster. Default 1.", 1, 16);
        var ingestors = Count("--ingestors", "Ingestors of a new cluster. Default 1.", 1, 16);
        var nats = Count("--nats", "Servers of NATS of a new cluster, 1 or 3. Default 3.", 3, 3);
        var postgres = new Option<int>("--postgres")
        {
            Description = "Servers of PostgreSQL of a new cluster, the first one primary; 0 keeps metadata in SQLite. Default 3.",
            DefaultValueFactory = _ => 3,
        };
        postgres.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is < 0 or > 5)
                result.AddError("--postgres is 0 to 5.");
        });
        var anyPort = new Option<bool>("--any-port") { Description = "Take any free ports, instead of the first from 7700 on." };
        var call = new Call("up", "Start a cluster, or what is down of the one that is there, and return when it is ready.");
        call.Add(shards, replication, routers, ingestors, nats, postgres, anyPort);
        call.Run(async (parsed, data, folder, stop) =>
        {
            using var turn = folder.Lock();
            var control = new ClusterControl(data, folder, terminal);
            var known = folder.Read();
            if (known is { Starter: { } starter } && !starter.IsAlive())
                await control.DownAsync(known);
            var state = folder.Read();
            if (state is null)
            {
                var size = new ClusterSize(
                    parsed.GetValue(shards), Math.Min(parsed.GetValue(replication), parsed.GetValue(shards)), parsed.GetValue(routers),
                    parsed.GetValue(ingestors), parsed.GetValue(nats), parsed.GetValue(postgres));
                if (InstanceFile.Find(data) is { } other)
                    throw new CliException($"{data.Path} is served by one process at {other.Address}: stop it, or name another folder with --data.");
                state = new ClusterPlan(folder, new NodePorts([], parsed.GetValue(anyPort))).Create(size);
            }
            else if (parsed.GetResult(shards) is { Implicit: false } && parsed.GetValue(shards) != state.Of(NodeKind.Shard).Count())
            {
                throw new CliException(
                    $"The cluster in {folder.Path} has {state.Of(NodeKind.Shard).Count()} shards: 'rag cluster up' starts it as it is, "
                    + "'add-shard' adds one, 'down --erase' removes it.", ExitCode.Usage);
            }

            await control.UpAsync(state, stop);
            var report = await ClusterReport.AskAsync(folder, control.State, stop);
            if (parsed.GetValue(call.Json))
            {
                report.WriteJson(terminal.Out);
                return ExitCode.Ok;
            }

            report.Write(terminal.Out);
            PrintHowTo(terminal.Out, data, control.State);
            return ExitCode.Ok;
        });
        return call.Verb;
    }

    private static Verb Status(Terminal terminal)
    {
        var call = new Call("status", "Show every node: whether it is ready, where it is, what it holds. Fails where one is not ready.");
        call.Run(async (parsed, _, folder, stop) =>
        {
            var report = await ClusterReport.AskAsync(folder, folder.Require(), stop);
            if (parsed.GetValue(call.Json))
                report.WriteJson(terminal.Out);
            else
                report.Write(terminal.Out);
            return report.IsReady ? ExitCode.Ok : ExitCode.Failure;
        });
        return call.Verb;
    }

    private static Verb Kill(Terminal terminal) => OfOneNode(
        terminal, "kill", "End a node at once, as kill -9 does. 'start' starts it again.", "killed",
        (control, state, name, _) => control.KillAsync(state, name));

    private static Verb Start(Terminal terminal) => OfOneNode(
        terminal, "start", "Start a node that is down, and return when it is ready.", "ready",
        (control, state, name, stop) => control.StartAsync(state, name, stop));

    private static Verb AddShard(Terminal terminal)
    {
        var call = new Call("add-shard", "Start one shard more, and return when it holds its share of the replicas.");
        call.Run(async (parsed, data, folder, stop) =>
        {
            using var turn = folder.Lock();
            var control = new ClusterControl(data, folder, terminal);
            var name = await control.AddShardAsync(folder.Require(), stop);
            var report = await ClusterReport.AskAsync(folder, control.State, stop);
            if (parsed.GetValue(call.Json))
                report.WriteJson(terminal.Out);
            else
                terminal.Out.WriteLine($"{name} is ready.");
            return ExitCode.Ok;
        });
        return call.Verb;
    }

    private static Verb Promote(Terminal terminal)
    {
        var name = new Argument<string?>("node")
        {
            Description = "The replica, such as postgres-1. Default: the one that has received most.", Arity = ArgumentArity.ZeroOrOne,
        };
        var call = new Call(
            "promote", "Make a replica of PostgreSQL the primary. The former one is stopped first, also if it is well; 'start' makes it a replica.");
        call.Verb.Arguments.Add(name);
        call.Run(async (parsed, data, folder, stop) =>
        {
            using var turn = folder.Lock();
            var (primary, stopped) =
                await new ClusterControl(data, folder, terminal).PromoteAsync(folder.Require(), parsed.GetValue(name), stop);
            if (parsed.GetValue(call.Json))
            {
                JsonLines.Write(terminal.Out, json =>
                {
                    json.WriteString("primary", primary);
                    json.WriteString("stopped", stopped);
                });
            }
            else
            {
                terminal.Out.WriteLine(stopped is null
                    ? $"{primary} is the primary now."
                    : $"{primary} is the primary now. {stopped}, which was it, is stopped: 'rag cluster start {stopped}' makes it a replica.");
            }

            return ExitCode.Ok;
        });
        return call.Verb;
    }

    private static Verb Down(Terminal terminal)
    {
        var erase = new Option<bool>("--erase") { Description = "Also remove the cluster's data and logs." };
        var call = new Call("down", "End every node of the cluster. Its data stays, unless told otherwise.");
        call.Add(erase);
        call.Run(async (parsed, data, folder, _) =>
        {
            using (folder.Lock())
                await new ClusterControl(data, folder, terminal).DownAsync(folder.Require());
            if (parsed.GetValue(erase))
            {
                PostgresFolder.Erase(folder);
                Directory.Delete(folder.Path, recursive: true);
            }

            if (parsed.GetValue(call.Json))
                JsonLines.Write(terminal.Out, json => json.WriteBoolean("down", true));
            else
                terminal.Out.WriteLine(parsed.GetValue(erase) ? "The cluster is down and erased." : "The cluster is down; 'rag cluster up' starts it again.");
            return ExitCode.Ok;
        });
        return call.Verb;
    }

    private static Verb OfOneNode(
        Terminal terminal, string verb, string description, string done,
        Func<ClusterControl, ClusterState, string, CancellationToken, Task> action)
    {
        var name = new Argument<string>("node") { Description = "Its name, such as shard-1." };
        var call = new Call(verb, description);
        call.Verb.Arguments.Add(name);
        call.Run(async (parsed, data, folder, stop) =>
        {
            using var turn = folder.Lock();
            var node = parsed.GetValue(name)!;
            await action(new ClusterControl(data, folder, terminal), folder.Require(), node, stop);
            if (parsed.GetValue(call.Json))
                JsonLines.Write(terminal.Out, json => { json.WriteString("node", node); json.WriteString("state", done); });
            else
                terminal.Out.WriteLine($"{node} is {done}.");
            return ExitCode.Ok;
        });
        return call.Verb;
    }

    private static void PrintHowTo(TextWriter output, DataFolder data, ClusterState state)
    {
        var folder = DataFolder.Resolve(null).Path == data.Path ? "" : $" --data {data.Path}";
        output.WriteLine();
        output.WriteLine($"gRPC address   {state.Of(NodeKind.Router).First().Address}");
        output.WriteLine($"command line   rag ingest FOLDER -w handbook{folder}; rag search WORDS -w handbook{folder}");
        output.WriteLine($"break it       rag cluster kill shard-0{folder}; rag cluster status{folder}; rag cluster start shard-0{folder}");
        output.WriteLine($"end it         rag cluster down{folder}");
    }

    private static Option<int> Count(string name, string description, int otherwise, int most)
    {
        var option = new Option<int>(name) { Description = description, DefaultValueFactory = _ => otherwise };
        option.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is var value && (value < 1 || value > most))
                result.AddError($"{name} is 1 to {most}.");
        });
        return option;
    }

    /// <summary>What every verb of this kind has.</summary>
    private sealed class Call
    {
        private readonly Option<string?> _data = DataOption.Create();

        public Call(string name, string description) => Verb = new Verb(name, description) { _data, Json };

        public Verb Verb { get; }

        public Option<bool> Json { get; } = JsonOption.Create();

        public void Add(params IEnumerable<Option> options)
        {
            foreach (var option in options)
                Verb.Options.Add(option);
        }

        public void Run(Func<ParseResult, DataFolder, ClusterFolder, CancellationToken, Task<int>> action) =>
            Verb.SetAction((parsed, stop) =>
            {
                var data = DataFolder.Resolve(parsed.GetValue(_data));
                return action(parsed, data, new ClusterFolder(data), stop);
            });
    }
}
