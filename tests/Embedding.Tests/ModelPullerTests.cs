using System.Collections.Concurrent;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Rag.Testing;

namespace Rag.Embedding.Tests;

/// <summary>Pulling from a hub on loopback, with the faults that a long transfer meets.</summary>
public sealed class ModelPullerTests : IAsyncLifetime
{
    private readonly TemporaryFolder _source = new();
    private readonly TemporaryFolder _models = new();
    private readonly ModelPuller _puller = new(NullLoggerFactory.Instance);
    private readonly Dictionary<string, byte[]> _files = [];
    private TestHub _hub = null!;

    public async ValueTask InitializeAsync()
    {
        TinyModel.Write(_source.Path, "onnx/model.onnx");
        foreach (var file in Directory.EnumerateFiles(_source.Path, "*", SearchOption.AllDirectories))
            _files[Path.GetRelativePath(_source.Path, file)] = File.ReadAllBytes(file);
        _files["README.md"] = Encoding.UTF8.GetBytes("---\nlicense: mit\n---\n# tiny");
        _files["pytorch_model.bin"] = new byte[1000];
        _files["../evil.json"] = Encoding.UTF8.GetBytes("{}");
        _hub = await TestHub.StartAsync(_files);
        // A connection that breaks may take with it what its reader has not read yet.
        _hub.BeforeBreak = sent => Eventually.HoldsAsync(
            () => Directory.EnumerateFiles(_models.Path, "*.part", SearchOption.AllDirectories)
                .Any(part => new FileInfo(part).Length == sent),
            "what was sent is on disk");
    }

    public async ValueTask DisposeAsync()
    {
        await _hub.DisposeAsync();
        _puller.Dispose();
        _models.Dispose();
        _source.Dispose();
    }

    [Fact]
    public async Task A_pulled_model_can_be_loaded_and_has_only_the_files_it_needs()
    {
        var progress = new ListProgress();
        var model = await PullAsync(progress: progress);
        model.Name.ShouldBe("org/tiny");
        model.Licence.ShouldBe("mit");
        model.Folder.ShouldBe(_models.Combine("org", "tiny"));
        Directory.EnumerateFiles(_models.Path, "*", SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(model.Folder, path)).Order(StringComparer.Ordinal)
            .ShouldBe(["README.md", "config.json", "onnx/model.onnx", "origin.json", "vocab.txt"]);
        await using var embedder = Embedder.Load(
            new EmbedderOptions { ModelFolder = model.Folder, ExecutionProvider = ExecutionProvider.Cpu },
            NullLoggerFactory.Instance);
        (await embedder.PassagesAsync(["hello"], EncoderKind.Full))[0].Length.ShouldBe(TinyModel.Dimension);

        var last = progress.Reports.Last();
        last.File.ShouldBe("onnx/model.onnx");
        last.TotalBytes.ShouldBe(last.TotalSize!.Value);
        progress.Reports.Select(report => report.TotalBytes).ShouldBeInOrder();
    }

    [Fact]
    public async Task A_broken_transfer_goes_on_where_it_stopped()
    {
        _hub.Break = (2, 150);
        await PullAsync();
        var ranges = _hub.Requests.Where(request => request.Path.EndsWith("model.onnx", StringComparison.Ordinal))
            .Select(request => request.Range)
            .ToList();
        ranges.ShouldContain("bytes=150-");
        ranges.ShouldContain("bytes=300-");
    }

    [Fact]
    public async Task A_pull_that_was_stopped_goes_on_in_the_next_one()
    {
        _hub.Break = (1, 150);
        await Should.ThrowAsync<ModelPullException>(() => PullAsync(options => options with { Attempts = 1 }));
        new ModelCatalog([_models.Path]).List().ShouldBeEmpty();
        await PullAsync();
        _hub.Requests.ShouldContain(request => request.Range == "bytes=150-");
        // Small files were whole the first time and are not asked for again.
        _hub.Requests.Count(request => request.Path.EndsWith("/config.json", StringComparison.Ordinal)).ShouldBe(1);
    }

    [Fact]
    public async Task A_file_that_changed_on_the_hub_is_fetched_from_its_start()
    {
        _hub.Break = (1, 150);
        await Should.ThrowAsync<ModelPullException>(() => PullAsync(options => options with { Attempts = 1 }));
        var changed = (byte[])_files["onnx/model.onnx"].Clone();
        // The graph's name: still a valid graph.
        var at = changed.AsSpan().IndexOf("tiny"u8);
        "TINY"u8.CopyTo(changed.AsSpan(at));
        _files["onnx/model.onnx"] = changed;
        var model = await PullAsync();
        File.ReadAllBytes(Path.Combine(model.Folder, "onnx", "model.onnx")).ShouldBe(changed);
    }

    [Fact]
    public async Task An_unavailable_hub_is_tried_again()
    {
        _hub.Unavailable = 3;
        await PullAsync();
    }

    [Fact]
    public async Task Content_with_another_checksum_is_refused_and_deleted()
    {
        _hub.Corrupt = true;
        (await Should.ThrowAsync<ModelPullException>(() => PullAsync())).Message.ShouldContain("checksum");
        new ModelCatalog([_models.Path]).List().ShouldBeEmpty();
        Directory.EnumerateFiles(_models.Path, "*.part", SearchOption.AllDirectories).ShouldBeEmpty();
        _hub.Corrupt = false;
        await PullAsync();
    }

    [Fact]
    public async Task A_model_that_is_here_is_not_fetched_again_until_its_revision_changes()
    {
        await PullAsync();
        var before = _hub.Requests.Count;
        await PullAsync();
        _hub.Requests.Count.ShouldBe(before + 1);
        _hub.Commit = "beef";
        _files["README.md"] = Encoding.UTF8.GetBytes("---\nlicense: apache-2.0\n---\n");
        (await PullAsync()).Licence.ShouldBe("apache-2.0");
    }

    [Fact]
    public async Task Nothing_is_written_outside_of_the_model()
    {
        await PullAsync();
        File.Exists(_models.Combine("evil.json")).ShouldBeFalse();
        File.Exists(_models.Combine("org", "evil.json")).ShouldBeFalse();
    }

    [Theory]
    [InlineData("../etc")]
    [InlineData("org/../x")]
    [InlineData("a/b/c")]
    [InlineData("/abs")]
    [InlineData("")]
    [InlineData("org/na me")]
    public async Task An_id_that_is_none_is_refused(string id) =>
        await Should.ThrowAsync<ArgumentException>(() => PullAsync(id: id));

    [Fact]
    public async Task What_the_hub_does_not_have_is_said()
    {
        (await Should.ThrowAsync<ModelPullException>(() => PullAsync(id: "nobody/nothing"))).Message
            .ShouldContain("nobody/nothing");
        _files.Remove("onnx/model.onnx");
        (await Should.ThrowAsync<ModelPullException>(() => PullAsync())).Message.ShouldContain("no ONNX graph");
        _files.Remove("vocab.txt");
        (await Should.ThrowAsync<ModelPullException>(() => PullAsync())).Message.ShouldContain("vocab.txt");
    }

    [Fact]
    public async Task A_token_opens_what_needs_one_and_stays_with_the_hub()
    {
        _hub.RequireToken = true;
        (await Should.ThrowAsync<ModelPullException>(() => PullAsync())).Message.ShouldContain("token");
        await PullAsync(options => options with { AccessToken = "secret" });
    }

    [Fact]
    public async Task A_hub_that_cannot_be_reached_is_named()
    {
        (await Should.ThrowAsync<ModelPullException>(
            () => PullAsync(options => options with { HubAddress = new Uri("http://127.0.0.1:1/") })))
            .Message.ShouldContain("127.0.0.1:1");
    }

    [Fact]
    public async Task A_model_larger_than_the_limit_is_refused()
    {
        (await Should.ThrowAsync<ModelPullException>(() => PullAsync(options => options with { MaxBytes = 100 })))
            .Message.ShouldContain("limit of 100");
    }

    [Fact]
    public async Task A_model_of_a_kind_that_is_not_supported_does_not_appear()
    {
        _files["config.json"] = Encoding.UTF8.GetBytes("{}");
        await Should.ThrowAsync<ModelFormatException>(() => PullAsync());
        new ModelCatalog([_models.Path]).List().ShouldBeEmpty();
    }

    private Task<ModelInfo> PullAsync(
        Func<ModelPullOptions, ModelPullOptions>? configure = null, string id = "org/tiny", ListProgress? progress = null)
    {
        var options = new ModelPullOptions
        {
            ModelsFolder = _models.Path,
            HubAddress = _hub.Address,
            RetryDelay = TimeSpan.FromMilliseconds(1),
        };
        return _puller.PullAsync(id, configure?.Invoke(options) ?? options, progress, CancellationToken.None);
    }

    private sealed class ListProgress : IProgress<ModelPullProgress>
    {
        public ConcurrentQueue<ModelPullProgress> Reports { get; } = new();

        public void Report(ModelPullProgress value) => Reports.Enqueue(value);
    }
}
