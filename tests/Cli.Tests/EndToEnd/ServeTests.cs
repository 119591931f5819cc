using System.Text.Json;
using Rag.Testing;

namespace Rag.Cli.Tests.EndToEnd;

/// <summary>The program as a process of its own.</summary>
public sealed class ServeTests : IDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);

    private readonly TemporaryFolder _folder = new();

    private static string Program => Path.Combine(AppContext.BaseDirectory, "Rag.Cli.dll");

    private string Data => _folder.Combine("data");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Other_commands_find_the_instance_that_serves_the_data_folder()
    {
        File.WriteAllText(_folder.Combine("note.md"), "The parcel is at the gate.");
        await using var server = Start("serve", "--port", "0", "--data", Data);
        await server.WaitForLineAsync("listening on http://127.0.0.1:", StartLimit);

        var ingest = await CommandRun.RunAsync("ingest", _folder.Combine("note.md"), "-w", "notes", "--data", Data);
        ingest.ExitCode.ShouldBe(ExitCode.Ok, ingest.Error);
        var search = await CommandRun.RunAsync("search", "where is the parcel?", "-w", "notes", "--json", "--data", Data);
        search.Output.ShouldContain("note.md");
        var embed = await CommandRun.RunWithInputAsync("a cat\n", "embed", "--data", Data);
        JsonDocument.Parse(embed.Output).RootElement.GetProperty("ids").GetArrayLength().ShouldBe(4);

        server.Terminate();
        (await server.WaitForExitAsync()).ShouldBe(ExitCode.Ok);
        server.Output.ShouldContain("Stopped.");
        File.Exists(Path.Combine(Data, "instance.json")).ShouldBeFalse();

        // What was acknowledged is there for whoever opens the folder next.
        (await CommandRun.RunAsync("search", "parcel", "-w", "notes", "--json", "--data", Data)).Output.ShouldContain("note.md");
    }

    [Fact]
    public async Task Ctrl_c_stops_a_server_in_order()
    {
        await using var server = Start("serve", "--port", "0", "--data", Data);
        await server.WaitForLineAsync("listening on", StartLimit);
        await using (var kill = ChildProcess.Start("kill", ["-INT", $"{server.Id}"]))
            await kill.WaitForExitAsync();
        (await server.WaitForExitAsync()).ShouldBe(ExitCode.Ok);
        server.Output.ShouldContain("Stopped.");
    }

    [Fact]
    public async Task A_second_server_on_one_data_folder_is_told_so()
    {
        await using var first = Start("serve", "--port", "0", "--data", Data);
        await first.WaitForLineAsync("listening on", StartLimit);
        await using var second = Start("serve", "--port", "0", "--data", Data);
        (await second.WaitForExitAsync()).ShouldBe(ExitCode.Failure);
        second.Output.ShouldContain("in use by another process");
    }

    [Fact]
    public async Task The_demo_takes_a_folder_in_searches_it_and_stops()
    {
        var folder = Directory.CreateDirectory(_folder.Combine("handbook")).FullName;
        File.WriteAllText(Path.Combine(folder, "travel.md"), "# Travel costs\n\nClaim travel costs with form T1.");
        await using var demo = Start("demo", folder, "--exit", "--data", Data, "--port", "0");
        (await demo.WaitForExitAsync(StartLimit)).ShouldBe(ExitCode.Ok, demo.Output);
        demo.Output.ShouldContain("1 file in");
        demo.Output.ShouldContain("Searching for: Travel costs");
        demo.Output.ShouldContain("travel.md");
        demo.Output.ShouldContain("gRPC address   http://127.0.0.1:");
        demo.Output.ShouldContain("./rag search");
    }

    [Fact]
    public async Task A_cluster_of_separate_processes_takes_a_file_in_and_finds_it()
    {
        var (shardPort, routerPort) = (FreePort.Next(), FreePort.Next());
        var topology = _folder.Combine("topology.json");
        File.WriteAllText(topology, JsonSerializer.Serialize(new
        {
            version = 1,
            partitions = 16,
            shards = new[] { new { name = "one", address = $"http://127.0.0.1:{shardPort}" } },
        }));
        File.WriteAllText(_folder.Combine("note.md"), "The parcel is at the gate.");
        await using var shard = Start("shard", "--name", "one", "--topology", topology, "--data", _folder.Combine("shard"));
        await shard.WaitForLineAsync($"listening on http://127.0.0.1:{shardPort}", StartLimit);
        await using var router = Start(
            "router", "--topology", topology, "--port", $"{routerPort}", "--data", _folder.Combine("router"));
        await router.WaitForLineAsync("listening on", StartLimit);
        await using var ingestor = Start(
            "ingestor", "--router", $"http://127.0.0.1:{routerPort}", "--data", _folder.Combine("router"));
        await ingestor.WaitForLineAsync("works for the router", StartLimit);

        var address = $"http://127.0.0.1:{routerPort}";
        var ingest = await CommandRun.RunAsync("ingest", _folder.Combine("note.md"), "-w", "notes", "--address", address);
        ingest.ExitCode.ShouldBe(ExitCode.Ok, ingest.Error);
        var search = await CommandRun.RunAsync("search", "where is the parcel?", "-w", "notes", "--json", "--address", address);
        search.Output.ShouldContain("note.md");

        foreach (var process in new[] { ingestor, router, shard })
        {
            process.Terminate();
            (await process.WaitForExitAsync()).ShouldBe(ExitCode.Ok, process.Output);
        }
    }

    private static ChildProcess Start(params string[] arguments) => ChildProcess.Start("dotnet", [Program, .. arguments]);
}
