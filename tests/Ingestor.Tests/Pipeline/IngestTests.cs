using Google.Protobuf;
using Grpc.Core;
using Rag.Metadata;
using Rag.V1;
using JobOutcome = Rag.Metadata.JobOutcome;
using JobState = Rag.Metadata.JobState;

namespace Rag.Ingestor.Tests.Pipeline;

public sealed class IngestTests
{
    [Fact]
    public async Task A_file_becomes_a_document_and_its_bytes_go()
    {
        await using var fixture = await IngestorFixture.OpenAsync();
        await fixture.StartAsync();
        var workspace = await fixture.WorkspaceAsync();
        var source = new DocumentSource();
        source.Metadata["kind"] = new Value { StringValue = "guide" };
        var section = string.Join(' ', Enumerable.Repeat("Several words make up this sentence here.", 30));
        var job = await fixture.SubmitAsync(workspace, "guide.md",
            System.Text.Encoding.UTF8.GetBytes($"# Guide\n\n{section}\n\n## Part\n\n{section}"), metadata: source.ToByteArray());

        var ended = await fixture.EndOfAsync(job);
        ended.State.ShouldBe(JobState.Done, ended.Reason);
        ended.Outcome.ShouldBe(JobOutcome.Indexed);
        var chunks = fixture.Router.Visible["docs/guide.md"];
        ended.Chunks.ShouldBe(chunks.Count);
        ended.ChunksWritten.ShouldBe(chunks.Count);
        chunks[0].ChunkId.ShouldBe("000000");
        chunks[0].Text.ShouldStartWith("Guide\n\nSeveral");
        chunks[^1].Passage.HeadingPath.ShouldBe(["Guide", "Part"]);
        chunks.ShouldAllBe(chunk => chunk.Passage.Title == "Guide");
        chunks.ShouldAllBe(chunk => chunk.Metadata["kind"].StringValue == "guide" && chunk.DocumentId == "guide.md");
        chunks.ShouldAllBe(chunk => chunk.Passage.EndOffset - chunk.Passage.StartOffset == chunk.Text.Length);

        var document = await fixture.Store.Documents.FindAsync(workspace.Uid, "guide.md", default);
        document!.Title.ShouldBe("Guide");
        document.Chunks.ShouldBe(chunks.Count);
        document.Version.ShouldBe(1);
        document.ContentHash.ToArray().ShouldBe(job.ContentHash.ToArray());
        await Testing.Eventually.HoldsAsync(async () => !await fixture.HasBytesAsync(job), "the bytes to go");
    }

    [Fact]
    public async Task An_unchanged_file_costs_no_write_and_a_changed_one_replaces_the_former()
    {
        await using var fixture = await IngestorFixture.OpenAsync();
        await fixture.StartAsync();
        var workspace = await fixture.WorkspaceAsync();
        (await fixture.EndOfAsync(await fixture.SubmitAsync(workspace, "a.txt", "First text."))).Outcome.ShouldBe(JobOutcome.Indexed);
        var again = await fixture.EndOfAsync(await fixture.SubmitAsync(workspace, "a.txt", "First text."));
        again.Outcome.ShouldBe(JobOutcome.Unchanged);
        fixture.Router.Writes.Count.ShouldBe(1);
        fixture.Router.Commits.Count.ShouldBe(1);
        await Testing.Eventually.HoldsAsync(async () => !await fixture.HasBytesAsync(again), "the bytes to go");

        (await fixture.EndOfAsync(await fixture.SubmitAsync(workspace, "a.txt", "First text.", force: true))).Outcome.ShouldBe(JobOutcome.Indexed);
        fixture.Router.Commits.Count.ShouldBe(2);
        (await fixture.EndOfAsync(await fixture.SubmitAsync(workspace, "a.txt", "Second text."))).Outcome.ShouldBe(JobOutcome.Indexed);
        fixture.Router.Visible["docs/a.txt"].Select(chunk => chunk.Text).ShouldBe(["Second text."]);

        fixture.Router.Chunking = new ChunkingSettings { TargetTokens = 100 };
        (await fixture.EndOfAsync(await fixture.SubmitAsync(workspace, "a.txt", "Second text."))).Outcome.ShouldBe(JobOutcome.Indexed);
        (await fixture.EndOfAsync(await fixture.SubmitAsync(workspace, "a.txt", "Second text."))).Outcome.ShouldBe(JobOutcome.Unchanged);
        (await fixture.Store.Documents.FindAsync(workspace.Uid, "a.txt", default))!.Version.ShouldBe(4);
    }

    [Fact]
    public async Task A_broken_file_fails_with_a_sentence_and_leaves_the_former_document()
    {
        await using var fixture = await IngestorFixture.OpenAsync();
        await fixture.StartAsync();
        var workspace = await fixture.WorkspaceAsync();
        var record = "{\"text\": \"" + string.Join(' ', Enumerable.Repeat("word", 300)) + "\"}";
        await fixture.EndOfAsync(await fixture.SubmitAsync(workspace, "a.jsonl", record));
        var before = fixture.Router.Visible["docs/a.jsonl"];

        var broken = string.Join('\n', Enumerable.Repeat(record, 1_000)) + "\n{\"cut";
        var ended = await fixture.EndOfAsync(await fixture.SubmitAsync(workspace, "a.jsonl", broken));
        ended.State.ShouldBe(JobState.Failed);
        ended.Reason.ShouldContain("damaged or cut off");
        ended.Attempts.ShouldBe(1);
        fixture.Router.Visible["docs/a.jsonl"].ShouldBe(before);
        fixture.Router.StagedGenerations.ShouldBe(0);
        fixture.Router.Commits.Count.ShouldBe(1);
        (await fixture.HasBytesAsync(ended)).ShouldBeTrue("a dead letter can be queued again");
    }

    [Fact]
    public async Task A_file_without_text_is_done_without_chunks_and_hides_what_was_there()
    {
        await using var fixture = await IngestorFixture.OpenAsync();
        await fixture.StartAsync();
        var workspace = await fixture.WorkspaceAsync();
        await fixture.EndOfAsync(await fixture.SubmitAsync(workspace, "a.txt", "Some text."));
        var ended = await fixture.EndOfAsync(await fixture.SubmitAsync(workspace, "a.txt", "  \n "));
        ended.State.ShouldBe(JobState.Done);
        ended.Outcome.ShouldBe(JobOutcome.NoText);
        fixture.Router.Visible["docs/a.txt"].ShouldBeEmpty();
        (await fixture.EndOfAsync(await fixture.SubmitAsync(workspace, "empty.txt", ""))).Outcome.ShouldBe(JobOutcome.NoText);
    }

    [Fact]
    public async Task A_router_that_is_away_for_a_while_is_waited_for_with_the_same_mutation()
    {
        await using var fixture = await IngestorFixture.OpenAsync();
        var failures = 0;
        fixture.Router.OnWrite = (_, _) => Interlocked.Increment(ref failures) <= 5
            ? throw new RpcException(new Status(failures % 2 == 0 ? StatusCode.Unavailable : StatusCode.ResourceExhausted, "Later."))
            : Task.CompletedTask;
        await fixture.StartAsync();
        var workspace = await fixture.WorkspaceAsync();
        var ended = await fixture.EndOfAsync(await fixture.SubmitAsync(workspace, "a.txt", "Some text."));
        ended.State.ShouldBe(JobState.Done);
        ended.Attempts.ShouldBe(1);
        fixture.Router.Writes.Count.ShouldBe(6);
        fixture.Router.Writes.Select(write => write.MutationId).Distinct().Count().ShouldBe(1);
        fixture.Router.Writes.First().MutationId.Length.ShouldBe(16);
    }

    [Fact]
    public async Task A_job_is_tried_again_and_at_last_given_up_with_the_reason()
    {
        await using var fixture = await IngestorFixture.OpenAsync();
        fixture.Router.OnCommit = (_, _) => throw new RpcException(new Status(StatusCode.Unavailable, "No shard for partition 7."));
        await fixture.StartAsync(new IngestorOptions
        {
            MaxAttempts = 3,
            CallRetryLimit = TimeSpan.Zero,
            JobRetryDelay = TimeSpan.FromMilliseconds(1),
            MaxJobRetryDelay = TimeSpan.FromMilliseconds(2),
        });
        var workspace = await fixture.WorkspaceAsync();
        var ended = await fixture.EndOfAsync(await fixture.SubmitAsync(workspace, "a.txt", "Some text."));
        ended.State.ShouldBe(JobState.Failed);
        ended.Attempts.ShouldBe(3);
        ended.Reason.ShouldBe("Given up after 3 tries: No shard for partition 7.");
        fixture.Router.Commits.Select(commit => commit.Generation).Distinct().Count().ShouldBe(3);
    }

    [Theory]
    [InlineData(StatusCode.NotFound, 1)]
    [InlineData(StatusCode.InvalidArgument, 1)]
    [InlineData(StatusCode.FailedPrecondition, 3)]
    [InlineData(StatusCode.Internal, 3)]
    public async Task What_will_be_refused_each_time_is_not_tried_again(StatusCode code, int attempts)
    {
        await using var fixture = await IngestorFixture.OpenAsync();
        fixture.Router.OnSettings = _ => throw new RpcException(new Status(code, "The workspace is gone."));
        await fixture.StartAsync();
        var workspace = await fixture.WorkspaceAsync();
        var ended = await fixture.EndOfAsync(await fixture.SubmitAsync(workspace, "a.txt", "Some text."));
        ended.State.ShouldBe(JobState.Failed);
        ended.Reason.ShouldEndWith("The workspace is gone.");
        ended.Attempts.ShouldBe(attempts);
    }

    [Fact]
    public async Task A_cancelled_job_stops_and_leaves_nothing()
    {
        await using var fixture = await IngestorFixture.OpenAsync();
        var reached = new TaskCompletionSource();
        var writes = 0;
        fixture.Router.OnWrite = async (_, context) =>
        {
            if (Interlocked.Increment(ref writes) < 3)
                return;
            reached.TrySetResult();
            await Task.Delay(Timeout.Infinite, context.CancellationToken);
        };
        await fixture.StartAsync();
        var workspace = await fixture.WorkspaceAsync();
        var job = await fixture.SubmitAsync(workspace, "big.txt", ChunkerTests.Prose(3, 8_000));
        await reached.Task.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        await fixture.Store.Jobs.CancelAsync(workspace.Uid, job.JobId, default);
        await Testing.Eventually.HoldsAsync(() => !fixture.Router.Aborts.IsEmpty, "the generation to be forgotten");
        await Testing.Eventually.HoldsAsync(async () => !await fixture.HasBytesAsync(job), "the bytes to go");
        fixture.Router.Commits.ShouldBeEmpty();
        fixture.Router.StagedGenerations.ShouldBe(0);
        (await fixture.Store.Jobs.FindAsync(workspace.Uid, job.JobId, default))!.State.ShouldBe(JobState.Cancelled);
    }

    [Fact]
    public async Task A_model_that_is_not_here_and_bytes_that_are_gone_are_said()
    {
        await using var fixture = await IngestorFixture.OpenAsync();
        fixture.Router.Model = "unknown-model";
        await fixture.StartAsync(new IngestorOptions { MaxAttempts = 1 });
        var workspace = await fixture.WorkspaceAsync();
        var noModel = await fixture.EndOfAsync(await fixture.SubmitAsync(workspace, "a.txt", "Some text."));
        noModel.Reason.ShouldContain("'unknown-model'");
        fixture.Router.Model = "";
        var noBytes = await fixture.EndOfAsync(await fixture.SubmitAsync(workspace, "b.txt", "x"u8.ToArray(), withBytes: false));
        noBytes.State.ShouldBe(JobState.Failed);
        noBytes.Reason.ShouldContain("submit it again");
    }

    [Fact]
    public async Task Text_without_a_file_name_is_read_as_its_id_says_unless_that_cannot_be()
    {
        await using var fixture = await IngestorFixture.OpenAsync();
        await fixture.StartAsync();
        var workspace = await fixture.WorkspaceAsync();
        foreach (var id in (string[])["report.pdf", "sheet.xlsx", "notes", "page.md"])
        {
            var job = await fixture.SubmitAsync(workspace, id, "# Some text"u8.ToArray(), withName: false);
            (await fixture.EndOfAsync(job)).State.ShouldBe(JobState.Done);
        }

        fixture.Router.Visible["docs/report.pdf"].Single().Text.ShouldBe("# Some text");
        fixture.Router.Visible["docs/page.md"].Single().Text.ShouldBe("Some text");
    }

    [Fact]
    public async Task A_large_file_is_written_in_bounded_batches_and_reports_its_progress()
    {
        await using var fixture = await IngestorFixture.OpenAsync();
        var release = new TaskCompletionSource();
        var writes = 0;
        fixture.Router.OnWrite = (_, _) => Interlocked.Increment(ref writes) > 4 ? release.Task : Task.CompletedTask;
        await fixture.StartAsync();
        var workspace = await fixture.WorkspaceAsync();
        var job = await fixture.SubmitAsync(workspace, "big.txt", ChunkerTests.Prose(5, 20_000));
        JobRecord? seen = null;
        await Testing.Eventually.HoldsAsync(async () =>
        {
            seen = await fixture.Store.Jobs.FindAsync(workspace.Uid, job.JobId, default);
            return seen!.State == JobState.Embedding && seen.ChunksWritten > 0;
        }, "progress");
        // Reading stops a few batches ahead of writing.
        (seen!.Chunks - seen.ChunksWritten).ShouldBeLessThanOrEqualTo(64 * 6);
        release.SetResult();
        var ended = await fixture.EndOfAsync(job);
        ended.State.ShouldBe(JobState.Done);
        ended.Chunks.ShouldBe(fixture.Router.Visible["docs/big.txt"].Count);
        fixture.Router.Writes.ShouldAllBe(write => write.Chunks.Count <= 64 && write.Chunks.Sum(chunk => chunk.Text.Length) <= 256 * 1024);
        fixture.Router.Commits.Single().ExpectedChunks.ShouldBe(ended.Chunks);
    }
}
