using System.Text.Json;
using System.Xml.Linq;
using Rag.Cli.Bench;
using Rag.Cli.Bench.Ann;
using Rag.Cli.Bench.Peers;

namespace Rag.Cli.Tests.Bench;

public sealed class AnnBenchmarkTests : IDisposable
{
    private readonly AnnFiles _files = new();

    public static TheoryData<string, string> BrokenPeers => new()
    {
        { "exit 7", "fake: it ended with exit code 7." },
        { "echo no memory left >&2; exit 1", "fake: it ended with exit code 1: no memory left." },
        { "echo error the metric is unknown", "fake: the metric is unknown." },
        { "echo building", "fake: it answered 'building' where 'built …' was expected." },
        { "echo built soon", "fake: it said 'soon' where a number was expected." },
        { "head -c 100000 /dev/zero | tr '\\0' x", "fake: it answered with a line of more than 4096 characters." },
    };

    public void Dispose() => _files.Dispose();

    [Fact]
    public async Task Our_index_reaches_the_target_with_full_vectors_in_a_file()
    {
        var report = await RunAsync(Options() with { Targets = [0.9, 1.0] });

        report.Results.Count.ShouldBe(2);
        foreach (var result in report.Results)
        {
            result.Recall.ShouldBeGreaterThanOrEqualTo(result.Target);
            result.Qps.ShouldNotBeNull().ShouldBeGreaterThan(0);
        }

        // Float32 rows are on disk, not in memory.
        report.BytesDiskPerVector.ShouldBeGreaterThan(AnnFiles.Dimension * sizeof(float));
        report.InsertRate.ShouldBeGreaterThan(0);
        report.Peers.ShouldBeEmpty();
        report.Scaling.ShouldBeEmpty();
    }

    [Fact]
    public async Task Without_given_neighbours_they_are_found_by_exact_search() =>
        (await RunAsync(Options() with { TruthPath = null, Targets = [1.0] })).Results[0].Recall.ShouldBe(1);

    [Fact]
    public async Task Recall_targets_and_filters_are_measured_beside_it()
    {
        var output = new StringWriter();
        var report = await RunAsync(
            Options() with { RecallTargets = [0.9], FilterSelectivities = [0.5, 0.01], Repeats = 1 }, output);
        report.RecallTargets.Single().Recall.ShouldBeGreaterThan(0.5);
        report.Filters.Count.ShouldBe(6);
        foreach (var filter in report.Filters)
        {
            filter.Recall.ShouldBeGreaterThan(0.8, filter.Kind);
            filter.Complete.ShouldBeTrue(filter.Kind);
            filter.Ratio.ShouldBeGreaterThan(0);
            (filter.Scans + filter.Walks + filter.FilteredWalks).ShouldBe(1, 0.002);
        }

        output.ToString().ShouldContain("anticorrelated");
        Should.Throw<ArgumentException>(() => (Options() with { FilterSelectivities = [0] }).Validate());
        Should.Throw<ArgumentException>(() => (Options() with { RecallTargets = [0.3] }).Validate());
    }

    [Fact]
    public async Task A_peer_is_timed_at_the_smallest_effort_that_reaches_the_target()
    {
        var report = await RunAsync(Options() with { Peers = [new FakePeer(_files).Create()] });

        var peer = report.Peers.ShouldHaveSingleItem();
        peer.Name.ShouldBe("fake");
        peer.Error.ShouldBeNull();
        peer.BuildSeconds.ShouldBe(1.5);
        peer.Results.ShouldBe([new AnnResult(0.95, 1, 100, FakePeer.Effort)]);
    }

    [Fact]
    public async Task A_peer_that_stops_short_of_a_target_is_said_to()
    {
        var peer = new FakePeer(_files) { Search = "cat nothing" };
        var output = new StringWriter();
        var report = await RunAsync(Options() with { Peers = [peer.Create()] }, output);

        report.Peers[0].Results[0].Qps.ShouldBeNull();
        report.Peers[0].Results[0].Recall.ShouldBe(0);
        // Twice the effort brought nothing: it was not tried up to the largest.
        report.Peers[0].Results[0].Effort.ShouldBe(160);
        output.ToString().ShouldContain("not reached");
    }

    [Fact]
    public async Task Several_threads_show_what_each_engine_gains_by_them()
    {
        var report = await RunAsync(Options() with { Threads = 2, Peers = [new FakePeer(_files).Create()] });

        report.Peers[0].Results[0].Qps.ShouldBe(200);
        report.Peers[0].Scaling.ShouldBe([new AnnScaling(0.95, 100, 2)]);
        var ours = report.Scaling.ShouldHaveSingleItem();
        ours.Gain.ShouldBe(report.Results[0].Qps!.Value / ours.OneThreadQps, 0.001);
    }

    [Theory]
    [MemberData(nameof(BrokenPeers))]
    public async Task A_peer_that_fails_is_reported_and_the_run_goes_on(string build, string error)
    {
        var (broken, sound) = (new FakePeer(_files) { Build = build }, new FakePeer(_files));
        var report = await RunAsync(Options() with { Peers = [broken.Create(), sound.Create("sound")] });

        report.Peers[0].Error.ShouldBe(error);
        report.Peers[0].Results.ShouldBeEmpty();
        report.Peers[1].Results.ShouldHaveSingleItem();
        report.Results.ShouldHaveSingleItem();
    }

    [Fact]
    public async Task A_peer_that_fails_late_has_no_results_either()
    {
        var dies = new FakePeer(_files) { Time = "exit 9" }.Create("dies");
        var few = new FakePeer(_files) { Search = "echo found 1 2 3" }.Create("few");
        var odd = new FakePeer(_files) { Search = "sed 's/ [0-9]*$/ x/' found" }.Create("odd");
        var lazy = new FakePeer(_files) { Time = "echo timed 3 1.0" }.Create("lazy");
        var report = await RunAsync(Options() with { Peers = [dies, few, odd, lazy] });

        report.Peers.ShouldAllBe(peer => peer.Results.Count == 0);
        report.Peers.Select(peer => peer.Error).ShouldBe(
        [
            "dies: it ended with exit code 9.",
            "few: it found 3 rows where 20 × 10 were expected.",
            "odd: it found 'x', which is no row.",
            "lazy: it timed 3 queries in 1 s where 20 or more were expected.",
        ]);
    }

    [Fact]
    public async Task A_peer_that_cannot_be_started_is_named_in_one_sentence()
    {
        var missing = new AnnPeer("missing", _ => Task.FromResult(new PeerCommand(_files.Combine("no-such-program"), [])));
        var absent = new AnnPeer("absent", _ => Task.FromException<PeerCommand>(new PeerException("absent: it is not installed.")));
        var output = new StringWriter();
        var report = await RunAsync(Options() with { Peers = [missing, absent] }, output);

        report.Peers[0].Error.ShouldNotBeNull().ShouldStartWith("missing: ");
        report.Peers[0].Error!.ShouldContain("cannot be started");
        report.Peers[1].Error.ShouldBe("absent: it is not installed.");
        output.ToString().ShouldContain("absent: it is not installed.");
    }

    [Fact]
    public async Task Json_has_the_keys_that_others_read()
    {
        var output = new StringWriter();
        await RunAsync(Options() with { Json = true, Threads = 2, Peers = [new FakePeer(_files).Create()] }, output);

        var json = JsonDocument.Parse(output.ToString()).RootElement;
        string[] expected =
        [
            "cpu", "cores", "vector_bits", "pinned", "n", "dim", "metric", "codec", "k", "threads", "build_threads", "build_seconds",
            "insert_rate", "bytes_resident_per_vector", "bytes_disk_per_vector", "results", "scaling", "peers", "recall_targets", "filters",
        ];
        Keys(json).ShouldBe(expected, ignoreOrder: true);
        Keys(json.GetProperty("results")[0]).ShouldBe(["target", "recall", "qps", "effort"]);
        Keys(json.GetProperty("scaling")[0]).ShouldBe(["target", "one_thread_qps", "gain"]);
        var peer = json.GetProperty("peers")[0];
        Keys(peer).ShouldBe(["name", "build_seconds", "results", "scaling", "error"]);
        Keys(peer.GetProperty("results")[0]).ShouldBe(["target", "recall", "qps", "effort"]);
    }

    [Fact]
    public async Task The_table_says_how_many_times_a_peers_speed_ours_is()
    {
        var output = new StringWriter();
        var report = await RunAsync(Options() with { Peers = [new FakePeer(_files).Create()] }, output);

        var line = output.ToString().Split('\n').Single(line => line.StartsWith("  fake", StringComparison.Ordinal));
        line.ShouldContain(FormattableString.Invariant($"{report.Results[0].Qps!.Value / 100:0.00} ×"));
        output.ToString().ShouldContain(BenchMachine.Cpu);
    }

    [Fact]
    public async Task The_plot_is_a_picture_with_a_line_for_each_engine()
    {
        var path = _files.Combine("plot.svg");
        var peers = (AnnPeer[])[new FakePeer(_files).Create(), new FakePeer(_files) { Build = "exit 1" }.Create("dead")];
        await RunAsync(Options() with { PlotPath = path, Peers = peers });

        var svg = XDocument.Load(path).Root!;
        var ns = svg.Name.Namespace;
        var lines = svg.Descendants(ns + "polyline").Select(line => line.Attribute("points")!.Value).ToList();
        lines.Count.ShouldBe(2);
        lines.ShouldAllBe(points => points.Length > 0 && !points.Contains("NaN") && !points.Contains('∞'));
        var texts = svg.Descendants(ns + "text").Select(text => text.Value).ToList();
        texts.ShouldContain("rag");
        texts.ShouldContain("fake");
        texts.ShouldNotContain("dead");
        texts.ShouldContain("recall");
        svg.Element(ns + "style")!.Value.ShouldContain("prefers-color-scheme: dark");
    }

    [Theory]
    [InlineData("--peers lucene", "lucene")]
    [InlineData("--peers hnswlib,Faiss", "Faiss")]
    public async Task An_unknown_peer_is_a_mistake_of_the_command_line(string option, string name)
    {
        var run = await CommandRun.RunAsync(
            ["bench", "ann", "--base", _files.Base, "--queries", _files.Queries, .. option.Split(' ')]);
        run.ExitCode.ShouldBe(ExitCode.Usage);
        run.Error.ShouldBe(
            $"rag: '{name}' is no peer: choose from hnswlib, faiss, usearch, zvec, or all.{Environment.NewLine}");
    }

    [Fact]
    public void Peers_are_chosen_by_name_and_faiss_is_two_of_them()
    {
        PeerCatalog.Read("").ShouldBeEmpty();
        PeerCatalog.Read("zvec, faiss,zvec").Select(peer => peer.Name).ShouldBe(["zvec", "faiss-hnsw", "faiss-hnsw-sq8"]);
        PeerCatalog.Read("all").Select(peer => peer.Name)
            .ShouldBe(["hnswlib", "faiss-hnsw", "faiss-hnsw-sq8", "usearch", "zvec"]);
    }

    private static IEnumerable<string> Keys(JsonElement element) => element.EnumerateObject().Select(property => property.Name);

    private static Task<AnnReport> RunAsync(AnnBenchmarkOptions options, TextWriter? output = null) => AnnBenchmark.RunAsync(
        options, output ?? TextWriter.Null, TextWriter.Null, TestContext.Current.CancellationToken);

    private AnnBenchmarkOptions Options() => new()
    {
        BasePath = _files.Base,
        QueriesPath = _files.Queries,
        TruthPath = _files.TruthFile,
        Targets = [0.95],
        Repeats = 1,
        ShortestPass = TimeSpan.FromMilliseconds(5),
    };
}
