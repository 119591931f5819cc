using System.Globalization;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Rag.Engine.Indexing;
using Rag.Testing;

namespace Rag.Recall.Tests;

/// <summary>
/// The same search in processes that may use less and less of the processor. The child runs one test of this class
/// with <see cref="OutputVariable"/> set and writes there what it used and what it found.
/// </summary>
public sealed class InstructionSetTests
{
    private const string OutputVariable = "RAG_RECALL_PROBE";

    [Theory]
    [InlineData("AVX-512 off", "EnableAVX512", "EnableAVX512F")]
    [InlineData("AVX2 off", "EnableAVX2")]
    [InlineData("no intrinsics at all", "EnableHWIntrinsic")]
    public async Task Results_do_not_depend_on_the_instruction_set(string set, params string[] switches)
    {
        if (Environment.GetEnvironmentVariable(OutputVariable) is not null)
            return; // a child does not start children
        using var folder = new TemporaryFolder();
        var output = folder.Combine("found.txt");
        var environment = switches.ToDictionary(name => "DOTNET_" + name, _ => (string?)"0");
        environment[OutputVariable] = output;
        await using var child = ChildProcess.Start("dotnet",
            [typeof(InstructionSetTests).Assembly.Location, "-method", $"*.{nameof(A_probe_finds_the_nearest)}"],
            environment: environment);
        (await child.WaitForExitAsync()).ShouldBe(0, set + "\n" + child.Output);
        var lines = await File.ReadAllLinesAsync(output, TestContext.Current.CancellationToken);
        lines[0].ShouldNotContain(switches[0] == "EnableHWIntrinsic" ? "sse2" : switches[0] == "EnableAVX2" ? "avx2" : "avx512");
        var (here, there) = (Search(), lines[1..]);
        there.Length.ShouldBe(here.Length);
        // Rounding of sums differs with the width, so a code may differ by one step here and there.
        here.Zip(there).Count(pair => pair.First == pair.Second).ShouldBeGreaterThan(here.Length * 98 / 100);
    }

    [Fact]
    public void A_probe_finds_the_nearest()
    {
        var found = Search();
        found.Length.ShouldBe(400);
        if (Environment.GetEnvironmentVariable(OutputVariable) is { } output)
            File.WriteAllLines(output, [Used(), .. found]);
    }

    private static string Used() => string.Join(' ',
        Avx512BW.IsSupported || Vector512.IsHardwareAccelerated ? "avx512" : "",
        Avx2.IsSupported ? "avx2" : "", Sse2.IsSupported ? "sse2" : "");

    private static string[] Search()
    {
        var data = RecallData.Clustered(500, 40, 50, seed: 8);
        using var index = RecallIndex.Of(data, Metric.Cosine);
        return data.Queries.SelectMany((query, i) =>
        {
            var hits = new ScoredRow[10];
            index.Index.Search(query, new SearchEffort(100), default(AllRows), -1, hits, out _).ShouldBe(10);
            return hits.Select(hit => i.ToString(CultureInfo.InvariantCulture) + ":" + hit.Row).Order(StringComparer.Ordinal);
        }).ToArray();
    }
}
