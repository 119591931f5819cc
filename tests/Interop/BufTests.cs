using Rag.Interop.Tests.Running;
using Rag.Testing;

namespace Rag.Interop.Tests;

/// <summary>The protos keep buf's rules, and what was published once stays compatible.</summary>
public sealed class BufTests
{
    private static readonly string Protos = Path.Combine(RepositoryRoot.Path, "protos");

    [Fact]
    public Task The_protos_pass_the_linter() => RunAsync(["lint"], "");

    [Fact]
    public Task Nothing_that_was_published_has_changed() => RunAsync(["breaking", "--against", "baseline.binpb"],
        "If the change was never in a release, take a new baseline: in protos/ run " +
        "../tests/Interop/node_modules/@bufbuild/buf-linux-x64/bin/buf build --exclude-source-info -o baseline.binpb");

    [Fact]
    public async Task The_checks_can_fail()
    {
        using var folder = new TemporaryFolder();
        foreach (var file in Directory.GetFiles(Protos, "*", SearchOption.AllDirectories))
        {
            var copy = folder.Combine(Path.GetRelativePath(Protos, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }

        var proto = folder.Combine("rag", "v1", "vector.proto");
        File.WriteAllText(proto, File.ReadAllText(proto).Replace("= 1;", "= 100;", StringComparison.Ordinal));
        File.AppendAllText(proto, "\nmessage badly_named {}\n");
        (await BufAsync(folder.Path, ["lint"])).ExitCode.ShouldNotBe(0);
        (await BufAsync(folder.Path, ["breaking", "--against", "baseline.binpb"])).ExitCode.ShouldNotBe(0);
    }

    private static async Task RunAsync(string[] arguments, string advice)
    {
        var (exitCode, output) = await BufAsync(Protos, arguments);
        exitCode.ShouldBe(0, $"{output}\n{advice}");
    }

    private static async Task<(int ExitCode, string Output)> BufAsync(string folder, string[] arguments)
    {
        await using var buf = ChildProcess.Start(await PeerTools.FindBufAsync(), arguments, folder);
        return (await buf.WaitForExitAsync(), buf.Output);
    }
}
