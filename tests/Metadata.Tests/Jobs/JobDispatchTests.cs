namespace Rag.Metadata.Tests.Jobs;

public abstract class JobDispatchTests(StoreBackend backend)
{
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task A_job_named_is_claimed_once_and_only_while_it_is_due()
    {
        await using var fixture = await backend.OpenAsync();
        var jobs = fixture.Store.Jobs;
        var workspace = await fixture.ActiveWorkspaceAsync();
        var first = await fixture.EnqueueAsync(workspace, "a");
        var second = await fixture.EnqueueAsync(workspace, "a");

        (await jobs.ClaimOneAsync(second.JobId, "one", Lease, default)).ShouldBeNull("an earlier version of its document is unfinished");
        (await jobs.ClaimOneAsync(Guid.CreateVersion7(), "one", Lease, default)).ShouldBeNull();
        var claims = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => jobs.ClaimOneAsync(first.JobId, $"w{i}", Lease, default)));
        var held = claims.Where(claim => claim is not null).ShouldHaveSingleItem()!;
        (held.State, held.Attempts).ShouldBe((JobState.Extracting, 1));

        await jobs.RetryAsync(held.JobId, held.Fence, "later", TimeSpan.FromMinutes(1), default);
        (await jobs.ClaimOneAsync(first.JobId, "one", Lease, default)).ShouldBeNull();
        fixture.Time.Advance(TimeSpan.FromMinutes(1));
        held = (await jobs.ClaimOneAsync(first.JobId, "one", Lease, default))!;
        held.Fence.ShouldBe(2);
        await jobs.CompleteAsync(held.JobId, held.Fence, JobOutcome.NoText, null, default);
        (await jobs.ClaimOneAsync(first.JobId, "one", Lease, default)).ShouldBeNull();
        (await jobs.ClaimOneAsync(second.JobId, "one", Lease, default)).ShouldNotBeNull();
    }

    [Fact]
    public async Task Due_jobs_are_listed_a_part_for_each_workspace_and_the_urgent_ones_first()
    {
        await using var fixture = await backend.OpenAsync();
        var jobs = fixture.Store.Jobs;
        var busy = await fixture.ActiveWorkspaceAsync("busy");
        var quiet = await fixture.ActiveWorkspaceAsync("quiet");
        for (var i = 0; i < 20; i++)
            await fixture.EnqueueAsync(busy, $"d{i}");
        var bulk = await EnqueueAsync(fixture, quiet, "bulk", JobPriority.Bulk);
        var high = await EnqueueAsync(fixture, quiet, "high", JobPriority.High);

        var due = await jobs.ListDueAsync(4, 100, default);
        due.Count(job => job.WorkspaceUid == busy.Uid).ShouldBe(4);
        due.Where(job => job.WorkspaceUid == quiet.Uid).Select(job => job.JobId).ShouldBe([high.JobId, bulk.JobId]);
        due.Single(job => job.JobId == high.JobId).Priority.ShouldBe(JobPriority.High);
        // Little room: nobody is left out for somebody's second one.
        (await jobs.ListDueAsync(4, 2, default)).Select(job => job.WorkspaceUid).ShouldBe([busy.Uid, quiet.Uid], ignoreOrder: true);

        foreach (var job in due)
            (await jobs.ClaimOneAsync(job.JobId, "worker", Lease, default)).ShouldNotBeNull().Priority.ShouldBe(job.Priority);
        (await jobs.ListDueAsync(100, 100, default)).Count.ShouldBe(16);
        fixture.Time.Advance(Lease);
        (await jobs.ListDueAsync(100, 100, default)).Count.ShouldBe(22);
    }

    [Fact]
    public async Task A_workspaces_urgent_job_is_claimed_before_its_others_but_never_before_an_older_version()
    {
        await using var fixture = await backend.OpenAsync();
        var workspace = await fixture.ActiveWorkspaceAsync();
        await EnqueueAsync(fixture, workspace, "bulk", JobPriority.Bulk);
        await EnqueueAsync(fixture, workspace, "normal", JobPriority.Normal);
        await EnqueueAsync(fixture, workspace, "high", JobPriority.High);
        await EnqueueAsync(fixture, workspace, "bulk", JobPriority.High);
        var claimed = await fixture.Store.Jobs.ClaimAsync("worker", 10, Lease, default);
        claimed.Select(job => job.DocumentId).ShouldBe(["high", "normal", "bulk"]);
        claimed[2].Priority.ShouldBe(JobPriority.Bulk);
    }

    [Fact]
    public async Task Jobs_of_a_dead_worker_can_be_claimed_at_once()
    {
        await using var fixture = await backend.OpenAsync();
        var jobs = fixture.Store.Jobs;
        var workspace = await fixture.ActiveWorkspaceAsync();
        for (var i = 0; i < 3; i++)
            await fixture.EnqueueAsync(workspace, $"d{i}");
        var lost = (await jobs.ClaimAsync("dead", 2, Lease, default))[0];
        await jobs.ClaimAsync("alive", 1, Lease, default);
        (await jobs.ListWorkersAsync(default)).Order().ShouldBe(["alive", "dead"]);

        (await jobs.ExpireLeasesAsync("dead", default)).ShouldBe(2);
        (await jobs.ExpireLeasesAsync("dead", default)).ShouldBe(0);
        (await jobs.ClaimAsync("alive", 10, Lease, default)).Count.ShouldBe(2);
        (await jobs.RenewAsync(lost.JobId, lost.Fence, Lease, default)).ShouldBeFalse();
        (await jobs.ListWorkersAsync(default)).ShouldBe(["alive"]);
    }

    [Fact]
    public async Task A_dead_letter_is_queued_again_as_new_unless_a_later_version_has_overtaken_it()
    {
        await using var fixture = await backend.OpenAsync();
        var jobs = fixture.Store.Jobs;
        var workspace = await fixture.ActiveWorkspaceAsync();
        var job = await fixture.EnqueueAsync(workspace, "a");
        (await jobs.RequeueAsync(workspace.Uid, job.JobId, 10, default)).Status.ShouldBe(JobRequeueStatus.NotFailed);
        (await jobs.RequeueAsync(workspace.Uid, Guid.CreateVersion7(), 10, default)).Status.ShouldBe(JobRequeueStatus.NotFound);
        (await jobs.RequeueAsync(Guid.CreateVersion7(), job.JobId, 10, default)).Status.ShouldBe(JobRequeueStatus.NotFound);
        var claimed = (await jobs.ClaimAsync("worker", 1, Lease, default))[0];
        await jobs.FailAsync(claimed.JobId, claimed.Fence, "It is encrypted.", default);
        (await jobs.FindUnfinishedAsync([job.JobId], default)).ShouldBeEmpty();
        (await jobs.FindNeedingBytesAsync([job.JobId], default)).ShouldBe([job.JobId]);

        var other = await fixture.EnqueueAsync(workspace, "b");
        (await jobs.RequeueAsync(workspace.Uid, job.JobId, 1, default)).Status.ShouldBe(JobRequeueStatus.QueueFull);
        var requeued = await jobs.RequeueAsync(workspace.Uid, job.JobId, 2, default);
        requeued.Status.ShouldBe(JobRequeueStatus.Requeued);
        (requeued.Job!.State, requeued.Job.Attempts, requeued.Job.Fence).ShouldBe((JobState.Queued, 0, 2));
        (await jobs.FailAsync(claimed.JobId, claimed.Fence, "late", default)).ShouldBeFalse();
        (await jobs.ClaimAsync("worker", 10, Lease, default)).Select(each => each.JobId).ShouldBe([job.JobId, other.JobId]);

        var again = (await jobs.FindAsync(workspace.Uid, job.JobId, default))!;
        await jobs.FailAsync(again.JobId, again.Fence, "It is encrypted.", default);
        var later = await fixture.EnqueueAsync(workspace, "a");
        (await jobs.RequeueAsync(workspace.Uid, job.JobId, 10, default)).Status.ShouldBe(JobRequeueStatus.Overtaken);
        var newer = (await jobs.ClaimOneAsync(later.JobId, "worker", Lease, default))!;
        await jobs.CompleteAsync(newer.JobId, newer.Fence, JobOutcome.NoText, null, default);
        (await jobs.RequeueAsync(workspace.Uid, job.JobId, 10, default)).Status.ShouldBe(JobRequeueStatus.Overtaken);
    }

    private static async Task<JobRecord> EnqueueAsync(
        StoreFixture fixture, WorkspaceRecord workspace, string documentId, JobPriority priority)
    {
        var job = StoreFixture.NewJob(workspace, documentId) with { Priority = priority };
        return (await fixture.Store.Jobs.EnqueueAsync(job, 100_000, default)).Job!;
    }
}

public sealed class SqliteJobDispatchTests() : JobDispatchTests(StoreBackend.Sqlite);

public sealed class PostgresJobDispatchTests(SharedPostgres server) : JobDispatchTests(server.Backend);
