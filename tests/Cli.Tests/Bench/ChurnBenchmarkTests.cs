using System.Text.Json;
using Rag.Cli.Bench;
using Rag.Cli.Bench.Churn;
using Rag.Engine.Indexing;
using Rag.Testing;

namespace Rag.Cli.Tests.Bench;

public sealed class ChurnBenchmarkTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Everything_is_replaced_and_no_deleted_vector_comes_back()
    {
        var (vectors, queries) = Files(2000, 16);
        var run = await CommandRun.RunAsync("bench", "churn", "--base", vectors, "--queries", queries, "--metric", "cosine",
            "--rounds", "4", "--batch", "8", "--efforts", "32,64", "--json");
        run.ExitCode.ShouldBe(ExitCode.Ok, run.Error);
        var report = JsonDocument.Parse(run.Lines.ShouldHaveSingleItem()).RootElement;
        report.GetProperty("live").GetInt32().ShouldBe(1000);
        report.GetProperty("replaced").GetInt32().ShouldBe(1000);
        report.GetProperty("single_writes").GetProperty("count").GetInt64().ShouldBe(500);
        report.GetProperty("batch_writes").GetProperty("count").GetInt64().ShouldBe(2 * 32);
        report.GetProperty("searches").GetProperty("count").GetInt64().ShouldBeGreaterThan(0);
        report.GetProperty("deleted_returned").GetInt64().ShouldBe(0);
        report.GetProperty("wrong_scores").GetInt64().ShouldBe(0);
        report.GetProperty("recalls").EnumerateArray().Select(recall => recall.GetProperty("effort").GetInt32()).ShouldBe([32, 64]);
        report.GetProperty("recalls").EnumerateArray().ShouldAllBe(recall => recall.GetProperty("churned").GetDouble() > 0.8);
        report.GetProperty("bars").GetArrayLength().ShouldBe(7);
    }

    [Fact]
    public async Task The_report_for_people_says_which_bars_are_met()
    {
        var (vectors, queries) = Files(200, 8);
        var run = await CommandRun.RunAsync("bench", "churn", "--base", vectors, "--queries", queries, "--rounds", "2");
        run.ExitCode.ShouldBe(ExitCode.Ok, run.Error);
        run.Lines.Count(line => line.StartsWith("  met ", StringComparison.Ordinal)
            || line.StartsWith("  MISSED", StringComparison.Ordinal)).ShouldBe(7);
        run.Output.ShouldContain("met      deleted vectors returned: 0");
    }

    [Fact]
    public async Task Every_option_that_is_out_of_range_is_named()
    {
        var run = await CommandRun.RunAsync(
            "bench", "churn", "--base", "x", "--queries", "y", "--rounds", "0", "--batch", "0", "--efforts", "5");
        run.ExitCode.ShouldNotBe(ExitCode.Ok);
        foreach (var option in (string[])["--rounds", "--batch", "--efforts"])
            run.Error.ShouldContain(option);
    }

    [Fact]
    public async Task Too_few_vectors_are_refused()
    {
        var (vectors, queries) = Files(10, 8);
        var run = await CommandRun.RunAsync("bench", "churn", "--base", vectors, "--queries", queries);
        run.ExitCode.ShouldNotBe(ExitCode.Ok);
        run.Error.ShouldContain("10 vectors");
    }

    [Fact]
    public void A_deleted_vector_is_out_of_sight_at_once_and_its_number_comes_back_when_searches_have_left()
    {
        var (path, _) = Files(100, 8);
        var vectors = AnnMatrix<float>.Read(path, 8);
        using var index = new ChurnIndex(vectors, new VectorIndexOptions { Dimension = 8, Metric = Metric.InnerProduct });
        index.Write([], [.. Enumerable.Range(0, 50)], threads: 1);
        var hits = new ScoredRow[50];
        index.Search(vectors[7], new SearchEffort(Exact: true), hits).ShouldBe(50);
        hits[0].Row.ShouldBe(7);
        index.Write([7], [], threads: 1);
        index.Search(vectors[7], new SearchEffort(Exact: true), hits).ShouldBe(49);
        hits[..49].ShouldAllBe(hit => hit.Row != 7);
        while (index.Reclaim())
        {
            // Unlinked, then free: nobody searches.
        }

        index.Index.Count.ShouldBe(49);
        index.Write([], [60], threads: 1);
        index.RowLimit.ShouldBe(50);
        index.Search(vectors[60], new SearchEffort(Exact: true), hits).ShouldBe(50);
        hits[0].Row.ShouldBe(60);
    }

    [Fact]
    public void The_ledger_tells_deletes_before_a_moment_from_those_after_it()
    {
        var ledger = new ChurnLedger(3);
        ledger.NoteDeleted(0);
        var moment = ledger.Acknowledged;
        ledger.NoteDeleted(1);
        ledger.WasDeletedBefore(0, moment).ShouldBeTrue();
        ledger.WasDeletedBefore(1, moment).ShouldBeFalse();
        ledger.WasDeletedBefore(2, ledger.Acknowledged).ShouldBeFalse();
    }

    [Theory]
    [InlineData(Metric.Cosine)]
    [InlineData(Metric.InnerProduct)]
    [InlineData(Metric.L2)]
    public void The_truth_is_the_nearest_by_the_metric(Metric metric)
    {
        float[][] vectors = [[1, 0], [0, 1], [3, 3], [-1, 0]];
        ExactTruth.Nearest(metric, [1, 0.1f], id => vectors[id], 0, 4, 1)
            .ShouldBe([metric == Metric.InnerProduct ? 2 : 0]);
        ExactTruth.Nearest(metric, [1, 0.1f], id => vectors[id], 1, 3, 3).Order().ShouldBe([1, 2, 3]);
    }

    private (string Vectors, string Queries) Files(int count, int dimension) => (
        BenchFiles.Write(_folder.Combine("base.fbin"), count, dimension, seed: 1),
        BenchFiles.Write(_folder.Combine("queries.fbin"), 20, dimension, seed: 2));
}
