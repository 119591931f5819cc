namespace Rag.Metadata.Tests.Jobs;

public abstract class JobAccountTests(StoreBackend backend)
{
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task A_request_repeated_gets_the_first_job_and_queues_no_other()
    {
        await using var fixture = await backend.OpenAsync();
        var workspace = await fixture.ActiveWorkspaceAsync();
        var elsewhere = await fixture.ActiveWorkspaceAsync("elsewhere");
        var first = await fixture.EnqueueAsync(workspace, "a", "request");
        var again = await fixture.Store.Jobs.EnqueueAsync(
            StoreFixture.NewJob(workspace, "b", "request"), 1000, default);

        again.Status.ShouldBe(JobEnqueueStatus.Repeated);
        again.Job!.JobId.ShouldBe(first.JobId);
        (await fixture.Store.Jobs.FindByRequestAsync(workspace.Uid, "request", default))!.JobId.ShouldBe(first.JobId);
        // The id belongs to its workspace.
        await fixture.EnqueueAsync(elsewhere, "a", "request");
        (await fixture.Store.Jobs.FindByRequestAsync(workspace.Uid, "", default)).ShouldBeNull();
    }

    [Fact]
    public async Task Completion_records_the_document_in_the_same_step()
    {
        await using var fixture = await backend.OpenAsync();
        var jobs = fixture.Store.Jobs;
        var workspace = await fixture.ActiveWorkspaceAsync();
        await fixture.EnqueueAsync(workspace, "a");
        var job = (await jobs.ClaimAsync("worker", 1, Lease, default))[0];
        await jobs.ReportAsync(job.JobId, job.Fence, new JobProgress(JobState.Indexing, 2, 1), default);
        (await jobs.CompleteAsync(job.JobId, job.Fence, JobOutcome.Indexed,
            StoreFixture.Document(workspace, "a"), default)).ShouldBeTrue();

        var done = (await jobs.FindAsync(workspace.Uid, job.JobId, default))!;
        done.State.ShouldBe(JobState.Done);
        done.Outcome.ShouldBe(JobOutcome.Indexed);
        done.ChunksWritten.ShouldBe(2);
        done.ReadyTime.ShouldBeNull();
        (await fixture.Store.Documents.FindAsync(workspace.Uid, "a", default))!.Chunks.ShouldBe(2);
        (await jobs.CompleteAsync(job.JobId, job.Fence, JobOutcome.Indexed, null, default)).ShouldBeFalse();
    }

    [Fact]
    public async Task A_cancelled_job_is_lost_to_its_worker_and_stays_cancelled()
    {
        await using var fixture = await backend.OpenAsync();
        var jobs = fixture.Store.Jobs;
        var workspace = await fixture.ActiveWorkspaceAsync();
        await fixture.EnqueueAsync(workspace, "a");
        var job = (await jobs.ClaimAsync("worker", 1, Lease, default))[0];

        (await jobs.CancelAsync(workspace.Uid, job.JobId, default))!.State.ShouldBe(JobState.Cancelled);
        (await jobs.RenewAsync(job.JobId, job.Fence, Lease, default)).ShouldBeFalse();
        (await jobs.CompleteAsync(job.JobId, job.Fence, JobOutcome.Indexed, null, default)).ShouldBeFalse();
        (await jobs.CancelAsync(workspace.Uid, job.JobId, default))!.State.ShouldBe(JobState.Cancelled);
        (await jobs.CancelAsync(Guid.CreateVersion7(), job.JobId, default)).ShouldBeNull();
        fixture.Time.Advance(Lease * 2);
        (await jobs.ClaimAsync("worker", 1, Lease, default)).ShouldBeEmpty();
    }

    [Fact]
    public async Task Lists_are_newest_first_filtered_by_state_and_paged_by_number()
    {
        await using var fixture = await backend.OpenAsync();
        var jobs = fixture.Store.Jobs;
        var workspace = await fixture.ActiveWorkspaceAsync();
        for (var i = 0; i < 5; i++)
            await fixture.EnqueueAsync(workspace, $"d{i}");
        foreach (var job in await jobs.ClaimAsync("worker", 2, Lease, default))
            await jobs.FailAsync(job.JobId, job.Fence, "It is encrypted: submit it without a password.", default);

        var failed = await jobs.ListAsync(workspace.Uid, [JobState.Failed], 0, 10, default);
        failed.Select(job => job.DocumentId).ShouldBe(["d1", "d0"]);
        var page = await jobs.ListAsync(workspace.Uid, [], 0, 2, default);
        page.Select(job => job.DocumentId).ShouldBe(["d4", "d3"]);
        var next = await jobs.ListAsync(workspace.Uid, [JobState.Failed, JobState.Queued], page[^1].Number, 10, default);
        next.Select(job => job.DocumentId).ShouldBe(["d2", "d1", "d0"]);
        (await jobs.GetBacklogAsync(default)).ShouldBe(new JobBacklog(3, 0));
    }

    [Fact]
    public async Task A_workspace_has_no_more_unfinished_jobs_than_it_may()
    {
        await using var fixture = await backend.OpenAsync();
        var jobs = fixture.Store.Jobs;
        var workspace = await fixture.ActiveWorkspaceAsync();
        await fixture.EnqueueAsync(workspace, "a");
        await fixture.EnqueueAsync(workspace, "b");

        (await jobs.EnqueueAsync(StoreFixture.NewJob(workspace, "c"), 2, default)).Status
            .ShouldBe(JobEnqueueStatus.QueueFull);
        var job = (await jobs.ClaimAsync("worker", 1, Lease, default))[0];
        await jobs.CompleteAsync(job.JobId, job.Fence, JobOutcome.NoText, null, default);
        (await jobs.EnqueueAsync(StoreFixture.NewJob(workspace, "c"), 2, default)).Status
            .ShouldBe(JobEnqueueStatus.Queued);
    }

    [Fact]
    public async Task Old_jobs_that_are_over_are_forgotten_and_no_others()
    {
        await using var fixture = await backend.OpenAsync();
        var jobs = fixture.Store.Jobs;
        var workspace = await fixture.ActiveWorkspaceAsync();
        var over = await fixture.EnqueueAsync(workspace, "over");
        var open = await fixture.EnqueueAsync(workspace, "open");
        await jobs.CancelAsync(workspace.Uid, over.JobId, default);
        fixture.Time.Advance(TimeSpan.FromDays(8));

        (await jobs.PruneAsync(TimeSpan.FromDays(9), 100, default)).ShouldBe(0);
        (await jobs.PruneAsync(TimeSpan.FromDays(7), 100, default)).ShouldBe(1);
        (await jobs.FindAsync(workspace.Uid, over.JobId, default)).ShouldBeNull();
        (await jobs.FindUnfinishedAsync([over.JobId, open.JobId], default)).ShouldBe([open.JobId]);
    }

    [Fact]
    public async Task Waiting_for_work_ends_when_a_job_is_queued_here_or_by_another_process()
    {
        await using var fixture = await backend.OpenAsync();
        var workspace = await fixture.ActiveWorkspaceAsync();
        await using var other = await fixture.OpenAnotherAsync();
        var here = fixture.Store.Jobs.WaitForWorkAsync(default);
        var there = other.Jobs.WaitForWorkAsync(default);
        await fixture.EnqueueAsync(workspace, "a");
        await here.WaitAsync(TimeSpan.FromSeconds(10));
        await there.WaitAsync(TimeSpan.FromSeconds(10));

        using var stop = new CancellationTokenSource();
        var cancelled = fixture.Store.Jobs.WaitForChangeAsync(Guid.CreateVersion7(), stop.Token);
        await stop.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(cancelled);
    }
}

public sealed class SqliteJobAccountTests() : JobAccountTests(StoreBackend.Sqlite);

public sealed class PostgresJobAccountTests(SharedPostgres server) : JobAccountTests(server.Backend);
