using System.Text.Json;
using Rag.Cli.Bench.Start;
using Rag.Testing;

namespace Rag.Cli.Tests.Bench;

public sealed class StartBenchmarkTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_store_is_made_opened_searched_beside_checkpoints_and_found_again()
    {
        var folder = _folder.Combine("store");
        var made = await RunAsync(folder, "--windows", "1", "--window-seconds", "0.2", "--write-rate", "40");
        made.GetProperty("inserts_per_second").GetDouble().ShouldBeGreaterThan(0);
        made.GetProperty("counted").GetInt64().ShouldBe(300);
        made.GetProperty("recall").GetDouble().ShouldBe(1);
        made.GetProperty("snapshot_bytes").GetInt64().ShouldBeGreaterThan(300 * 8 * sizeof(float));
        var window = made.GetProperty("windows").EnumerateArray().ShouldHaveSingleItem();
        window.GetProperty("checkpoints").GetInt32().ShouldBeGreaterThan(0);
        window.GetProperty("with_p99_us").GetDouble().ShouldBeGreaterThan(0);
        made.GetProperty("checkpoint_ratio").GetDouble().ShouldBeGreaterThan(0);

        var found = await RunAsync(folder, "--windows", "0");
        found.GetProperty("inserts_per_second").ValueKind.ShouldBe(JsonValueKind.Null);
        found.GetProperty("counted").GetInt64().ShouldBe(300);
        found.GetProperty("checkpoint_ratio").ValueKind.ShouldBe(JsonValueKind.Null);
    }

    [Fact]
    public async Task A_folder_with_something_else_is_left_alone()
    {
        var folder = _folder.Combine("store");
        await RunAsync(folder, "--windows", "0");
        var other = await CommandRun.RunAsync("bench", "start", "--vectors", "200", "--dim", "8", "--folder", folder, "--windows", "0");
        other.ExitCode.ShouldNotBe(ExitCode.Ok);
        other.Error.ShouldContain("name another folder");
        Directory.CreateDirectory(_folder.Combine("mine"));
        File.WriteAllText(_folder.Combine("mine/file"), "");
        var mine = await CommandRun.RunAsync("bench", "start", "--folder", _folder.Combine("mine"));
        mine.ExitCode.ShouldNotBe(ExitCode.Ok);
        Directory.EnumerateFileSystemEntries(_folder.Combine("mine")).Count().ShouldBe(1);
    }

    [Fact]
    public async Task Every_option_that_is_out_of_range_is_named()
    {
        var run = await CommandRun.RunAsync("bench", "start", "--vectors", "1", "--load", "2", "--window-seconds", "0", "--write-rate", "0");
        run.ExitCode.ShouldNotBe(ExitCode.Ok);
        foreach (var option in (string[])["--vectors", "--load", "--window-seconds", "--write-rate"])
            run.Error.ShouldContain(option);
    }

    [Fact]
    public void A_vector_depends_on_its_number_and_the_seed_alone()
    {
        var (one, two, other) = (new SeededVectors(24, 1), new SeededVectors(24, 1), new SeededVectors(24, 2));
        foreach (var number in (long[])[0, 1, -1, long.MaxValue])
        {
            one[number].ShouldBe(two[number]);
            one[number].ShouldNotBe(other[number]);
            one[number].Sum(value => value * value).ShouldBe(1, 1e-4f);
        }

        Enumerable.Range(-500, 1000).Select(number => string.Join(' ', one[number])).Distinct().Count().ShouldBe(1000);
    }

    [Fact]
    public void A_load_makes_every_search_once_and_reports_a_failure()
    {
        var seen = new int[50];
        new SearchLoad(3, number => Interlocked.Increment(ref seen[number]))
            .Run(perSecond: 500, TimeSpan.FromSeconds(0.1), TestContext.Current.CancellationToken).Count.ShouldBe(50);
        seen.ShouldAllBe(count => count == 1);
        Should.Throw<InvalidOperationException>(() => new SearchLoad(2, _ => throw new IOException("broken"))
            .Run(100, TimeSpan.FromSeconds(0.05), TestContext.Current.CancellationToken)).Message.ShouldContain("broken");
    }

    private static async Task<JsonElement> RunAsync(string folder, params string[] more)
    {
        var run = await CommandRun.RunAsync(
            ["bench", "start", "--vectors", "300", "--dim", "8", "--folder", folder, "--json", .. more]);
        run.ExitCode.ShouldBe(ExitCode.Ok, run.Error);
        return JsonDocument.Parse(run.Lines.ShouldHaveSingleItem()).RootElement;
    }
}
