using Microsoft.Extensions.Logging.Abstractions;
using Rag.Ingestor.Chunking;
using Rag.Ingestor.Extraction;
using Rag.Ingestor.Jobs;
using Rag.Testing;

namespace Rag.Ingestor.Tests.Pipeline;

public sealed class HousekeepingTests
{
    [Fact]
    public async Task Bytes_without_an_unfinished_job_and_jobs_that_are_long_over_go()
    {
        await using var fixture = await IngestorFixture.OpenAsync();
        var workspace = await fixture.WorkspaceAsync();
        var waiting = await fixture.SubmitAsync(workspace, "waiting.txt", "text");
        var cancelled = await fixture.SubmitAsync(workspace, "cancelled.txt", "text");
        await fixture.Store.Jobs.CancelAsync(workspace.Uid, cancelled.JobId, default);
        // Below what validation lets through, so that no clock has to be moved.
        using var folder = new TemporaryFolder();
        var left = folder.Combine("rag-ingest-left-by-a-killed-process.pdf");
        var foreign = folder.Combine("foreign.pdf");
        await File.WriteAllTextAsync(left, "x", TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(foreign, "x", TestContext.Current.CancellationToken);
        var options = new IngestorOptions
        {
            OrphanAge = TimeSpan.FromSeconds(-1),
            JobRetention = TimeSpan.FromSeconds(-1),
            Extraction = new ExtractionOptions { TemporaryFolder = folder.Path },
        };
        using var stop = new CancellationTokenSource();
        var keeper = new Housekeeper(fixture.Store, options, TimeProvider.System, NullLogger<Housekeeper>.Instance);
        var loop = keeper.RunAsync(stop.Token);
        await Eventually.HoldsAsync(async () => !await fixture.HasBytesAsync(cancelled), "the orphan to go");
        await Eventually.HoldsAsync(
            async () => await fixture.Store.Jobs.FindAsync(workspace.Uid, cancelled.JobId, default) is null, "the old job to go");
        (await fixture.HasBytesAsync(waiting)).ShouldBeTrue();
        (await fixture.Store.Jobs.FindAsync(workspace.Uid, waiting.JobId, default)).ShouldNotBeNull();
        Directory.GetFiles(folder.Path).ShouldBe([foreign]);
        await stop.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(loop);
    }

    [Fact]
    public void Unusable_options_are_refused_with_every_error()
    {
        var errors = new IngestorOptions { MaxJobs = 1, BatchChunks = 0, Lease = TimeSpan.Zero, WorkerName = "" }.Validate();
        errors.Count.ShouldBe(4);
        new IngestorOptions().Validate().ShouldBeEmpty();
    }

    [Fact]
    public void Tokenizers_come_from_the_folder_of_models_and_from_nowhere_else()
    {
        var counters = new FolderTokenCounters(Path.Combine(RepositoryRoot.Path, "models"));
        var counter = counters.Find("all-MiniLM-L6-v2");
        counter.ShouldNotBeNull();
        counter.Count("Hello, tokenization!").ShouldBe(5);
        counters.Find("all-MiniLM-L6-v2").ShouldBeSameAs(counter);
        counters.Find("../models/all-MiniLM-L6-v2/../../src").ShouldBeNull();
        counters.Find("missing").ShouldBeNull();
    }

    [Fact]
    public void A_model_without_a_usable_tokenizer_is_looked_at_again_once_it_is_put_right()
    {
        using var folder = new TemporaryFolder();
        var vocabulary = folder.Combine("model", "vocab.txt");
        Directory.CreateDirectory(folder.Combine("model"));
        var counters = new FolderTokenCounters(folder.Path);
        Should.Throw<Tokenization.TokenizerFormatException>(() => counters.Find("model"));
        File.WriteAllLines(vocabulary, ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "word"]);
        counters.Find("model")!.Count("word word").ShouldBe(2);
    }

    [Fact]
    public void Pauses_double_up_to_their_limit_and_differ()
    {
        var first = TimeSpan.FromSeconds(1);
        for (var tries = 1; tries < 200; tries++)
        {
            var pause = Backoff.Jittered(first, tries, TimeSpan.FromSeconds(30));
            var whole = Math.Min(Math.Pow(2, Math.Min(tries - 1, 30)), 30);
            pause.TotalSeconds.ShouldBeInRange(whole / 2 - 0.001, whole + 0.001);
        }
    }
}
