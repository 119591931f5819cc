using System.Globalization;
using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Loggers;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.NoEmit;

namespace Rag.Benchmarks;

/// <summary>
/// Runs <see cref="SearchAllocationBenchmarks"/> for some seconds in this process, which has nothing else to do, and holds
/// it to its budget: <c>dotnet run -c Release --project bench -- allocation-budget</c>. The exit code is 1 above it.
/// </summary>
internal static class AllocationBudget
{
    private const int Searches = 4000;

    public static int Run()
    {
        // Bytes do not depend on how busy the machine is: a short run will do.
        var job = Job.Dry.WithToolchain(InProcessNoEmitToolchain.Instance).WithInvocationCount(Searches).WithUnrollFactor(1);
        var config = ManualConfig.CreateEmpty().AddJob(job).AddLogger(NullLogger.Instance)
            .AddColumnProvider(DefaultColumnProviders.Instance)
            .WithArtifactsPath(Directory.CreateTempSubdirectory("rag-budget-").FullName);
        try
        {
            var report = BenchmarkRunner.Run<SearchAllocationBenchmarks>(config).Reports.Single();
            var bytes = report.GcStats.GetBytesAllocatedPerOperation(report.BenchmarkCase);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{bytes} bytes a unary search in the server; the budget is {SearchAllocationBenchmarks.BudgetBytes}"));
            return report.Success && bytes is > 0 and <= SearchAllocationBenchmarks.BudgetBytes ? 0 : 1;
        }
        finally
        {
            Directory.Delete(config.ArtifactsPath, recursive: true);
        }
    }
}
