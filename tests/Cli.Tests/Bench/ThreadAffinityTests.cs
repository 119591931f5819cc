using System.Collections.Concurrent;
using Rag.Cli.Bench.Ann;

namespace Rag.Cli.Tests.Bench;

public class ThreadAffinityTests
{
    [Fact]
    public void Each_thread_runs_on_one_core_and_the_caller_where_it_did()
    {
        Assert.SkipUnless(ThreadAffinity.IsSupported, "threads cannot be pinned here");
        var before = AllowedCores();
        var seen = new ConcurrentBag<string>();
        ThreadAffinity.RunPinned(3, () => seen.Add(AllowedCores()));

        seen.Count.ShouldBe(3);
        seen.ShouldAllBe(cores => cores.All(char.IsAsciiDigit));
        seen.Distinct().Count().ShouldBe(Math.Min(3, Environment.ProcessorCount));
        AllowedCores().ShouldBe(before);
    }

    [Fact]
    public void What_a_thread_throws_comes_out() =>
        Should.Throw<FormatException>(() => ThreadAffinity.RunPinned(2, () => throw new FormatException("wrong")))
            .Message.ShouldBe("wrong");

    private static string AllowedCores() => File.ReadLines("/proc/thread-self/status")
        .Single(line => line.StartsWith("Cpus_allowed_list:", StringComparison.Ordinal)).Split('\t')[1];
}
