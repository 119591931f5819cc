using Grpc.Core;
using Rag.Metadata;
using Rag.Testing;

namespace Rag.Ingestor.Tests.Pipeline;

public sealed class RecoveryTests
{
    [Fact]
    public async Task A_job_goes_back_when_its_ingestor_stops_and_the_next_one_finishes_it()
    {
        await using var fixture = await IngestorFixture.OpenAsync();
        var reached = new TaskCompletionSource();
        fixture.Router.OnWrite = async (_, context) =>
        {
            reached.TrySetResult();
            await Task.Delay(Timeout.Infinite, context.CancellationToken);
        };
        var first = await fixture.StartAsync();
        var workspace = await fixture.WorkspaceAsync();
        var job = await fixture.SubmitAsync(workspace, "a.txt", "Some text.");
        await reached.Task.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        await first.StopAsync();
        var released = await fixture.Store.Jobs.FindAsync(workspace.Uid, job.JobId, default);
        released!.State.ShouldBe(JobState.Queued);
        released.Attempts.ShouldBe(0);

        fixture.Router.OnWrite = (_, _) => Task.CompletedTask;
        await fixture.StartAsync();
        var ended = await fixture.EndOfAsync(job);
        ended.State.ShouldBe(JobState.Done);
        ended.Attempts.ShouldBe(1);
    }

    [Fact]
    public async Task A_job_of_a_dead_worker_is_taken_over_once_its_lease_ran_out()
    {
        await using var fixture = await IngestorFixture.OpenAsync();
        var workspace = await fixture.WorkspaceAsync();
        var job = await fixture.SubmitAsync(workspace, "a.txt", "Some text.");
        var dead = (await fixture.Store.Jobs.ClaimAsync("dead", 1, TimeSpan.FromMilliseconds(100), default)).Single();
        await fixture.StartAsync();
        var ended = await fixture.EndOfAsync(job);
        ended.State.ShouldBe(JobState.Done);
        ended.Attempts.ShouldBe(2);
        // The dead one comes back to life and changes nothing.
        (await fixture.Store.Jobs.FailAsync(dead.JobId, dead.Fence, "late", default)).ShouldBeFalse();
        fixture.Router.Commits.Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_job_that_ends_its_process_each_time_is_given_up()
    {
        await using var fixture = await IngestorFixture.OpenAsync();
        var workspace = await fixture.WorkspaceAsync();
        var job = await fixture.SubmitAsync(workspace, "a.txt", "Some text.");
        for (var i = 0; i < 2; i++)
        {
            await Eventually.HoldsAsync(
                async () => (await fixture.Store.Jobs.ClaimAsync("dead", 1, TimeSpan.FromMilliseconds(1), default)).Count == 1,
                "a claim");
        }

        await fixture.StartAsync(new IngestorOptions { MaxAttempts = 2 });
        var ended = await fixture.EndOfAsync(job);
        ended.State.ShouldBe(JobState.Failed);
        ended.Reason.ShouldContain("the process ended each time");
        fixture.Router.Writes.ShouldBeEmpty();
    }

    [Fact]
    public async Task Two_ingestors_on_one_queue_do_each_job_once()
    {
        await using var fixture = await IngestorFixture.OpenAsync();
        await fixture.StartAsync(new IngestorOptions { WorkerName = "one" });
        await fixture.StartAsync(new IngestorOptions { WorkerName = "two" });
        var workspace = await fixture.WorkspaceAsync();
        var jobs = new List<JobRecord>();
        for (var i = 0; i < 60; i++)
            jobs.Add(await fixture.SubmitAsync(workspace, $"{i % 40}.txt", $"Text number {i}."));
        foreach (var job in jobs)
            (await fixture.EndOfAsync(job)).State.ShouldBe(JobState.Done);
        fixture.Router.Commits.Count.ShouldBe(60);
        // Two versions of one document end in the order of their submission.
        for (var i = 20; i < 60; i++)
            fixture.Router.Visible[$"docs/{i % 40}.txt"].Single().Text.ShouldBe($"Text number {(i < 40 ? (i + 40 < 60 ? i + 40 : i) : i)}.");
    }

    [Fact]
    public async Task Random_failures_of_the_router_lose_and_double_nothing()
    {
        await using var fixture = await IngestorFixture.OpenAsync();
        var random = new Random(11);
        StatusCode[] codes = [StatusCode.Unavailable, StatusCode.DeadlineExceeded, StatusCode.ResourceExhausted, StatusCode.Aborted];
        Task MaybeFail()
        {
            lock (random)
            {
                if (random.Next(3) == 0)
                    throw new RpcException(new Status(codes[random.Next(codes.Length)], "Not now."));
            }

            return Task.CompletedTask;
        }

        fixture.Router.OnSettings = _ => MaybeFail();
        fixture.Router.OnWrite = (_, _) => MaybeFail();
        fixture.Router.OnCommit = (_, _) => MaybeFail();
        await fixture.StartAsync(new IngestorOptions
        {
            MaxAttempts = 100,
            CallRetryLimit = TimeSpan.Zero,
            JobRetryDelay = TimeSpan.FromMilliseconds(1),
            MaxJobRetryDelay = TimeSpan.FromMilliseconds(2),
            BatchChunks = 1,
        });
        var workspace = await fixture.WorkspaceAsync();
        var jobs = new List<JobRecord>();
        for (var i = 0; i < 30; i++)
            jobs.Add(await fixture.SubmitAsync(workspace, $"{i}.txt", ChunkerTests.Prose(i, 4)));
        foreach (var job in jobs)
            (await fixture.EndOfAsync(job)).State.ShouldBe(JobState.Done);
        fixture.Router.Visible.Count.ShouldBe(30);
        foreach (var job in jobs)
        {
            var document = await fixture.Store.Documents.FindAsync(workspace.Uid, job.DocumentId, default);
            document!.Chunks.ShouldBe(fixture.Router.Visible["docs/" + job.DocumentId].Count);
        }
    }

    [Fact]
    public async Task A_tenant_with_many_slow_files_does_not_hold_up_another()
    {
        await using var fixture = await IngestorFixture.OpenAsync();
        var release = new TaskCompletionSource();
        fixture.Router.OnWrite = (write, _) => write.Workspace == "busy" ? release.Task : Task.CompletedTask;
        await fixture.StartAsync(new IngestorOptions { MaxJobs = 4, MaxWrites = 2, MaxExtractions = 2 });
        var busy = await fixture.WorkspaceAsync("busy");
        var quiet = await fixture.WorkspaceAsync("quiet");
        var slow = new List<JobRecord>();
        for (var i = 0; i < 20; i++)
            slow.Add(await fixture.SubmitAsync(busy, $"{i}.txt", "Some text."));
        await Eventually.HoldsAsync(() => !fixture.Router.Writes.IsEmpty, "the busy tenant to begin");
        (await fixture.EndOfAsync(await fixture.SubmitAsync(quiet, "a.txt", "Some text."))).State.ShouldBe(JobState.Done);
        release.SetResult();
        foreach (var job in slow)
            (await fixture.EndOfAsync(job)).State.ShouldBe(JobState.Done);
    }

    [Fact]
    public async Task A_small_file_does_not_wait_for_larger_ones_whose_chunks_are_slow_to_write()
    {
        await using var fixture = await IngestorFixture.OpenAsync();
        var release = new TaskCompletionSource();
        fixture.Router.OnWrite = (write, _) => write.DocumentId.StartsWith("large", StringComparison.Ordinal) ? release.Task : Task.CompletedTask;
        await fixture.StartAsync(new IngestorOptions { MaxExtractions = 2, MaxWrites = 8 });
        var workspace = await fixture.WorkspaceAsync();
        var large = new List<JobRecord>();
        for (var i = 0; i < 2; i++)
            large.Add(await fixture.SubmitAsync(workspace, $"large-{i}.txt", ChunkerTests.Prose(i, 8_000)));
        await Eventually.HoldsAsync(() => fixture.Router.Writes.Count == 4, "the large files to be under way");
        (await fixture.EndOfAsync(await fixture.SubmitAsync(workspace, "small.txt", "Some text."))).State.ShouldBe(JobState.Done);
        release.SetResult();
        foreach (var job in large)
            (await fixture.EndOfAsync(job)).State.ShouldBe(JobState.Done);
    }

    [Fact]
    public async Task Several_hundred_small_files_are_done_in_seconds()
    {
        await using var fixture = await IngestorFixture.OpenAsync();
        var workspace = await fixture.WorkspaceAsync();
        var jobs = new List<JobRecord>();
        for (var i = 0; i < 300; i++)
            jobs.Add(await fixture.SubmitAsync(workspace, $"{i}.txt", ChunkerTests.Prose(i, 6)));
        var watch = System.Diagnostics.Stopwatch.StartNew();
        await fixture.StartAsync();
        foreach (var job in jobs)
            (await fixture.EndOfAsync(job)).State.ShouldBe(JobState.Done);
        TestContext.Current.TestOutputHelper?.WriteLine($"{300 / watch.Elapsed.TotalSeconds:0} files/s");
        watch.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(90));
    }
}
