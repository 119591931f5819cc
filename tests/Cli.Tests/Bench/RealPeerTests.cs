using Rag.Cli.Bench.Ann;
using Rag.Cli.Bench.Peers;
using Rag.Engine.Indexing;
using Rag.Testing;

namespace Rag.Cli.Tests.Bench;

/// <summary>The drivers in bench/peers over the libraries themselves, where these are installed.</summary>
public sealed class RealPeerTests : IDisposable
{
    private readonly AnnFiles _files = new();
    private readonly TemporaryFolder _cache = new();

    public void Dispose()
    {
        _files.Dispose();
        _cache.Dispose();
    }

    [Fact]
    public async Task Hnswlib_finds_what_is_there()
    {
        Assert.SkipUnless(File.Exists("/usr/include/hnswlib/hnswlib.h"), "libhnswlib-dev is not installed");
        await FindsNeighboursAsync(new AnnPeer(
            "hnswlib", stop => NativePeerProgram.Hnswlib.CompileAsync("hnswlib", _cache.Path, stop)), "cosine");
        Directory.GetFiles(_cache.Path).Length.ShouldBe(1);
    }

    [Theory]
    [InlineData("usearch", "usearch", "l2")]
    [InlineData("zvec", "@zvec", "ip")]
    public async Task An_npm_peer_finds_what_is_there(string name, string package, string metric)
    {
        var folder = Path.Combine(PeerCatalog.SourceFolder!, "node_modules", package);
        Assert.SkipUnless(Directory.Exists(folder), $"{name} is not installed in bench/peers");
        await FindsNeighboursAsync(PeerCatalog.Read(name).Single(), metric);
    }

    [Fact]
    public async Task A_library_that_is_not_there_is_told_with_what_to_install()
    {
        var program = new NativePeerProgram("none.cpp", "g++ libnone-dev");
        var failure = await Should.ThrowAsync<PeerException>(
            program.CompileAsync("none", _cache.Path, TestContext.Current.CancellationToken));
        failure.Message.ShouldStartWith("none: ");
        failure.Message.ShouldEndWith("on Debian run: sudo apt-get install g++ libnone-dev.");
    }

    [Fact]
    public void A_package_that_is_not_there_is_told_with_what_to_run() =>
        Should.Throw<PeerException>(() => NodePeer.Find("none", "no-such-package")).Message
            .ShouldStartWith("none: the npm package no-such-package is not installed: run npm ci");

    private async Task FindsNeighboursAsync(AnnPeer peer, string metric)
    {
        var report = await AnnBenchmark.RunAsync(
            new AnnBenchmarkOptions
            {
                BasePath = _files.Base,
                QueriesPath = _files.Queries,
                Metric = MetricName.Read(metric),
                Targets = [0.95],
                Threads = 2,
                Repeats = 1,
                ShortestPass = TimeSpan.FromMilliseconds(5),
                Peers = [peer],
            },
            TextWriter.Null, TextWriter.Null, TestContext.Current.CancellationToken);
        var result = report.Peers[0];
        result.Error.ShouldBeNull();
        result.BuildSeconds.ShouldNotBeNull().ShouldBeGreaterThan(0);
        result.Results[0].Recall.ShouldBeGreaterThanOrEqualTo(0.95);
        result.Results[0].Qps.ShouldNotBeNull().ShouldBeGreaterThan(0);
        result.Scaling.ShouldHaveSingleItem();
    }
}
