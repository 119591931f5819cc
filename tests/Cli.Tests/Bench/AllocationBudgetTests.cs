using Rag.Testing;

namespace Rag.Cli.Tests.Bench;

public sealed class AllocationBudgetTests
{
    [Fact]
    public async Task A_unary_search_allocates_no_more_in_the_server_than_its_budget()
    {
        // A process of its own: bytes are counted for all that goes on in one.
        var program = Path.Combine(RepositoryRoot.Path, "bench", "bin", "Release", "net10.0", "Rag.Benchmarks.dll");
        await using var budget = ChildProcess.Start("dotnet", [program, "allocation-budget"]);
        var code = await budget.WaitForExitAsync(TimeSpan.FromSeconds(120));
        TestContext.Current.TestOutputHelper?.WriteLine(budget.Output);
        code.ShouldBe(0, budget.Output);
        budget.Output.ShouldContain("bytes a unary search");
    }
}
