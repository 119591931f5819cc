using Rag.Testing;

namespace Rag.Cli.Tests.Script;

public class ScriptTests
{
    [Theory]
    [InlineData("rag")]
    [InlineData("tests/run.sh")]
    [InlineData("bench/peers/install.sh")]
    [InlineData(".ci/run")]
    public async Task A_script_has_no_syntax_error(string script)
    {
        await using var bash = ChildProcess.Start("bash", ["-n", Path.Combine(RepositoryRoot.Path, script)]);
        (await bash.WaitForExitAsync()).ShouldBe(0, bash.Output);
    }

    [Fact]
    public async Task The_first_run_installs_and_builds_and_a_second_one_does_neither()
    {
        using var sandbox = new ScriptSandbox();

        var first = await sandbox.RunAsync("search words -w w");
        first.ExitCode.ShouldBe(0, first.Error);
        first.Output.ShouldBe("result of search words -w w\n");
        sandbox.Calls.Count.ShouldBe(2);
        sandbox.Calls[0].ShouldStartWith("npm ci --ignore-scripts");
        sandbox.Calls[1].ShouldEndWith("src/Cli/Rag.Cli.csproj");

        var second = await sandbox.RunAsync("search words -w w");
        second.Output.ShouldBe(first.Output);
        second.Error.ShouldBeEmpty();
        sandbox.Calls.Count.ShouldBe(2);
    }

    [Fact]
    public async Task A_changed_source_is_built_again()
    {
        using var sandbox = new ScriptSandbox();
        await sandbox.RunAsync("search");
        sandbox.Change("src/Cli/Program.cs");
        await sandbox.RunAsync("search");
        sandbox.Calls.Count(call => call.StartsWith("build", StringComparison.Ordinal)).ShouldBe(2);
    }

    [Fact]
    public async Task A_test_or_a_guide_that_changed_is_no_reason_to_build_the_program()
    {
        using var sandbox = new ScriptSandbox();
        await sandbox.RunAsync("search");
        sandbox.Change("tests/One.Tests/OneTests.cs");
        sandbox.Change("README.md");
        await sandbox.RunAsync("search");
        sandbox.Calls.Count(call => call.StartsWith("build", StringComparison.Ordinal)).ShouldBe(1);
    }

    [Fact]
    public async Task A_build_that_fails_shows_why_and_is_tried_again()
    {
        using var sandbox = new ScriptSandbox();
        var failed = await sandbox.RunAsync("search", ("FAIL_BUILD", "1"));
        failed.ExitCode.ShouldNotBe(0);
        failed.Output.ShouldBeEmpty();
        failed.Error.ShouldContain("error CS1234: it is broken");

        (await sandbox.RunAsync("search")).Output.ShouldBe("result of search\n");
    }

    [Fact]
    public async Task A_test_run_ends_with_the_sum_of_all()
    {
        using var sandbox = new ScriptSandbox();
        var run = await sandbox.RunAsync("test");
        run.ExitCode.ShouldBe(0, run.Error + run.Output);
        run.Lines[^1].ShouldBe("3 passed, 0 failed, 2 skipped");
        run.Output.ShouldContain("no shared data");
    }

    [Fact]
    public async Task A_failed_test_fails_the_run_and_is_shown()
    {
        using var sandbox = new ScriptSandbox();
        var run = await sandbox.RunAsync("test", ("FAILED", "1"));
        run.ExitCode.ShouldBe(1);
        run.Lines[^1].ShouldBe("3 passed, 1 failed, 2 skipped");
        run.Output.ShouldContain("One.Tests.Something_works [FAIL]");
    }

    [Fact]
    public async Task A_test_process_that_dies_counts_as_a_failure()
    {
        using var sandbox = new ScriptSandbox();
        var run = await sandbox.RunAsync("test", ("BREAK_OFF", "1"));
        run.ExitCode.ShouldBe(1);
        run.Lines[^1].ShouldBe("0 passed, 1 failed, 0 skipped");
        run.Output.ShouldContain("broke off with exit code 134");
    }

    [Theory]
    [InlineData("bench ann --peers usearch")]
    [InlineData("bench ann --peers=zvec,usearch --json")]
    public async Task Npm_packages_to_compare_with_are_installed_once(string line)
    {
        using var sandbox = new ScriptSandbox();
        await sandbox.RunAsync("search");
        var run = await sandbox.RunAsync(line);
        run.Output.ShouldBe($"result of {line}\n");
        await sandbox.RunAsync(line);
        sandbox.Calls.Count(call => call.StartsWith("npm", StringComparison.Ordinal)).ShouldBe(2);
    }

    [Fact]
    public async Task A_package_that_cannot_be_installed_does_not_stop_the_comparison()
    {
        using var sandbox = new ScriptSandbox();
        await sandbox.RunAsync("search");
        for (var i = 0; i < 2; i++)
        {
            var run = await sandbox.RunAsync("bench ann --peers usearch", ("FAIL_NPM", "1"));
            run.Output.ShouldBe("result of bench ann --peers usearch\n");
            run.Error.ShouldContain("goes on without");
        }

        // It is tried each time: a failure leaves no stamp.
        sandbox.Calls.Count(call => call.StartsWith("npm", StringComparison.Ordinal)).ShouldBe(3);
    }

    [Fact]
    public async Task Nothing_is_installed_for_a_benchmark_without_peers()
    {
        using var sandbox = new ScriptSandbox();
        await sandbox.RunAsync("search");
        await sandbox.RunAsync("bench ann --base a --queries b");
        sandbox.Calls.Count(call => call.StartsWith("npm", StringComparison.Ordinal)).ShouldBe(1);
    }

    [Fact]
    public async Task A_misspelt_option_of_the_test_run_is_refused()
    {
        using var sandbox = new ScriptSandbox();
        (await sandbox.RunAsync("test --soak long")).ExitCode.ShouldBe(2);
        (await sandbox.RunAsync("test --quick")).ExitCode.ShouldBe(2);
        sandbox.Calls.ShouldBeEmpty();
    }
}
