using System.Collections;
using System.Reflection;
using System.Text.Json;
using System.Text.RegularExpressions;
using Rag.Hosting.Messaging;
using Rag.Ingestor;
using Rag.Metadata.Postgres;
using Rag.Router;
using Rag.Shard;
using Rag.Testing;

namespace Rag.Cluster.Tests.Deploy;

/// <summary>What deploy/ says to the programs that it starts, they understand: ours, NATS, and the one that reads compose files.</summary>
public sealed partial class ProgramTests
{
    private const string Nats = "/usr/sbin/nats-server";

    private static readonly Dictionary<string, Type> Sections = new()
    {
        ["Metadata"] = typeof(PostgresMetadataOptions), ["Nats"] = typeof(NatsOptions), ["Router"] = typeof(RouterOptions),
        ["Ingestor"] = typeof(IngestorOptions), ["Shard"] = typeof(ShardOptions),
    };

    [Fact]
    public async Task Commands_name_verbs_and_options_that_the_program_has()
    {
        var commands = await CommandsAsync();
        commands.Count.ShouldBeGreaterThan(15);
        foreach (var verb in commands.GroupBy(static command => command[0]))
        {
            string[] path = verb.Key == "topology" ? ["topology", "apply"] : [verb.Key];
            await using var program = ChildProcess.Start("dotnet", [Path.Combine(AppContext.BaseDirectory, "Rag.Cli.dll"), .. path, "--help"]);
            (await program.WaitForExitAsync()).ShouldBe(0, program.Output);
            foreach (var option in verb.SelectMany(static command => command).Where(static word => word.StartsWith("--", StringComparison.Ordinal)).Distinct())
                program.Output.ShouldContain(option, customMessage: $"rag {verb.Key}");
        }
    }

    [Fact]
    public void Options_are_called_as_the_program_calls_them()
    {
        var text = string.Join('\n', new[] { Manifests.Compose, Path.Combine(Manifests.Folder, "systemd", "rag.env") }.Concat(Manifests.Kubernetes).Select(File.ReadAllText));
        var keys = OptionKey().Matches(text).ToList();
        keys.Count.ShouldBeGreaterThan(10);
        foreach (var key in keys)
        {
            Sections.ShouldContainKey(key.Groups["section"].Value, key.Value);
            Holds(Sections[key.Groups["section"].Value], key.Groups["key"].Value.Split("__")).ShouldBeTrue(key.Value);
        }

        // The check itself can fail.
        Holds(typeof(NatsOptions), ["Url", "0"]).ShouldBeFalse();
    }

    [Fact]
    public async Task Topologies_are_ones_that_the_program_takes()
    {
        var documents = await Manifests.ReadAsync(Manifests.Kubernetes);
        using var folder = new TemporaryFolder();
        var files = new List<string> { Path.Combine(Manifests.Folder, "compose", "topology.json") };
        files.Add(folder.Combine("topology.json"));
        await File.WriteAllTextAsync(files[1], documents.Single(static each => each.Text("metadata", "name") == "rag-topology").Text("data", "topology.json"));
        foreach (var file in files)
        {
            await using var topology = Hosting.Topology.TopologyFile.Open(file, Microsoft.Extensions.Logging.Abstractions.NullLogger<Hosting.Topology.TopologyFile>.Instance);
            topology.Current.Shards.Length.ShouldBe(3);
        }
    }

    [Fact]
    public async Task NATS_takes_its_configurations()
    {
        if (!File.Exists(Nats))
            Assert.Skip("nats-server is not installed.");
        var documents = await Manifests.ReadAsync(Manifests.Kubernetes);
        using var folder = new TemporaryFolder();
        var inside = folder.Combine("nats.conf");
        await File.WriteAllTextAsync(inside, documents.Single(static each => each.Text("metadata", "name") == "nats-config").Text("data", "nats.conf"));
        foreach (var file in new[] { Path.Combine(Manifests.Folder, "compose", "nats.conf"), inside })
            (await NatsChecksAsync(file)).ShouldBe(0, file);
        await File.AppendAllTextAsync(inside, "\njetstreem { store_dir: /data }\n");
        (await NatsChecksAsync(inside)).ShouldNotBe(0);
    }

    [Fact]
    public async Task The_compose_file_fits_its_schema()
    {
        if (!File.Exists("/usr/bin/docker-compose"))
            Assert.Skip("docker-compose is not installed; its check of the file needs no container engine.");
        using var folder = new TemporaryFolder();
        var file = folder.Combine("compose.yaml");
        // Debian's version does not know the project's name in the file yet.
        await File.WriteAllTextAsync(file, (await File.ReadAllTextAsync(Manifests.Compose)).Replace("name: rag\n", "", StringComparison.Ordinal));
        var passwords = new Dictionary<string, string?> { ["POSTGRES_PASSWORD"] = "a", ["RAG_PASSWORD"] = "b", ["REPLICATION_PASSWORD"] = "c" };
        await using var check = ChildProcess.Start(
            "/usr/bin/docker-compose", ["--project-directory", Path.GetDirectoryName(Manifests.Compose)!, "-f", file, "config", "-q"], environment: passwords);
        (await check.WaitForExitAsync()).ShouldBe(0, check.Output);
    }

    /// <summary>What follows the program's name, wherever a process of ours is started.</summary>
    private static async Task<List<List<string>>> CommandsAsync()
    {
        var commands = new List<List<string>>();
        var compose = (await Manifests.ReadAsync(Manifests.Compose))[0];
        commands.AddRange(compose.GetProperty("services").EnumerateObject().Where(static each => each.Value.Text("image") == "rag").Select(static each => Words(each.Value, "command")));
        foreach (var document in await Manifests.ReadAsync(Manifests.Kubernetes))
            commands.AddRange(document.At("spec", "template", "spec", "containers").Where(static each => each.Text("image") == "rag").Select(static each => Words(each, "args")));
        foreach (var unit in Directory.GetFiles(Path.Combine(Manifests.Folder, "systemd"), "*.service"))
        {
            var start = (await File.ReadAllLinesAsync(unit)).Single(static line => line.StartsWith("ExecStart=", StringComparison.Ordinal));
            commands.Add([.. start.Split(' ').SkipWhile(static word => !word.EndsWith("Rag.Cli.dll", StringComparison.Ordinal)).Skip(1)]);
        }

        return commands;
    }

    private static List<string> Words(JsonElement element, string name) => [.. element.At(name).Select(static each => each.GetString()!)];

    private static bool Holds(Type type, ReadOnlySpan<string> path)
    {
        if (path.IsEmpty)
            return true;
        if (type != typeof(string) && type.IsAssignableTo(typeof(IEnumerable)))
            return int.TryParse(path[0], out _) && path.Length == 1;
        return type.GetProperty(path[0], BindingFlags.Public | BindingFlags.Instance) is { } property && Holds(property.PropertyType, path[1..]);
    }

    private static async Task<int> NatsChecksAsync(string file)
    {
        await using var check = ChildProcess.Start(Nats, ["-t", "-c", file], environment: new Dictionary<string, string?> { ["POD_NAME"] = "nats-0" });
        return await check.WaitForExitAsync();
    }

    [GeneratedRegex(@"RAG_(?<section>[A-Za-z]+)__(?<key>\w+)")]
    private static partial Regex OptionKey();
}
