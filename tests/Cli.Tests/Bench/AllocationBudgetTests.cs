using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Loggers;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.NoEmit;
using Rag.Benchmarks;

namespace Rag.Cli.Tests.Bench;

public sealed class AllocationBudgetTests
{
    private const int Searches = 2000;

    [Fact]
    public void A_unary_search_allocates_no_more_in_the_server_than_its_budget()
    {
        // Bytes do not depend on how busy the machine is; a short run will do.
        var job = Job.Dry.WithToolchain(InProcessNoEmitToolchain.Instance).WithInvocationCount(Searches).WithUnrollFactor(1);
        var config = ManualConfig.CreateEmpty().AddJob(job).AddLogger(NullLogger.Instance)
            .AddColumnProvider(DefaultColumnProviders.Instance)
            .WithArtifactsPath(Path.Combine(Path.GetTempPath(), $"rag-budget-{Environment.ProcessId}"))
            .WithOptions(ConfigOptions.DisableOptimizationsValidator);
        var summary = BenchmarkRunner.Run<SearchAllocationBenchmarks>(config);
        try
        {
            summary.Reports.ShouldHaveSingleItem();
            var report = summary.Reports[0];
            report.Success.ShouldBeTrue();
            var bytes = report.GcStats.GetBytesAllocatedPerOperation(report.BenchmarkCase);
            bytes.ShouldNotBeNull();
            TestContext.Current.TestOutputHelper?.WriteLine($"{bytes} bytes a search");
            bytes.Value.ShouldBeInRange(1, SearchAllocationBenchmarks.BudgetBytes);
        }
        finally
        {
            if (Directory.Exists(config.ArtifactsPath))
                Directory.Delete(config.ArtifactsPath, recursive: true);
        }
    }
}
