namespace Rag.Metadata.Tests.Jobs;

public abstract class JobClaimTests(StoreBackend backend)
{
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task A_claimed_job_is_nobody_elses_until_its_lease_runs_out()
    {
        await using var fixture = await backend.OpenAsync();
        var jobs = fixture.Store.Jobs;
        var job = await fixture.EnqueueAsync(await fixture.ActiveWorkspaceAsync(), "a");

        var first = (await jobs.ClaimAsync("one", 10, Lease, default)).ShouldHaveSingleItem();
        first.JobId.ShouldBe(job.JobId);
        first.State.ShouldBe(JobState.Extracting);
        first.Attempts.ShouldBe(1);
        (await jobs.ClaimAsync("two", 10, Lease, default)).ShouldBeEmpty();

        fixture.Time.Advance(Lease);
        var second = (await jobs.ClaimAsync("two", 10, Lease, default)).ShouldHaveSingleItem();
        second.Attempts.ShouldBe(2);
        second.Fence.ShouldBeGreaterThan(first.Fence);
        second.Worker.ShouldBe("two");
    }

    [Fact]
    public async Task Whoever_lost_the_lease_can_change_nothing_any_more()
    {
        await using var fixture = await backend.OpenAsync();
        var jobs = fixture.Store.Jobs;
        var workspace = await fixture.ActiveWorkspaceAsync();
        await fixture.EnqueueAsync(workspace, "a");
        var lost = (await jobs.ClaimAsync("one", 1, Lease, default))[0];
        fixture.Time.Advance(Lease);
        var held = (await jobs.ClaimAsync("two", 1, Lease, default))[0];

        (await jobs.RenewAsync(lost.JobId, lost.Fence, Lease, default)).ShouldBeFalse();
        (await jobs.ReportAsync(lost.JobId, lost.Fence, new(JobState.Indexing, 9, 9), default)).ShouldBeFalse();
        (await jobs.RetryAsync(lost.JobId, lost.Fence, "no", TimeSpan.Zero, default)).ShouldBeFalse();
        (await jobs.ReleaseAsync(lost.JobId, lost.Fence, default)).ShouldBeFalse();
        (await jobs.FailAsync(lost.JobId, lost.Fence, "no", default)).ShouldBeFalse();
        (await jobs.CompleteAsync(lost.JobId, lost.Fence, JobOutcome.Indexed,
            StoreFixture.Document(workspace, "a"), default)).ShouldBeFalse();

        var job = (await jobs.FindAsync(workspace.Uid, lost.JobId, default))!;
        (job.State, job.Fence, job.Attempts, job.Chunks, job.Reason)
            .ShouldBe((JobState.Extracting, held.Fence, 2, 0L, ""));
        job.ReadyTime.ShouldBe(held.ReadyTime);
        (await fixture.Store.Documents.FindAsync(workspace.Uid, "a", default)).ShouldBeNull();
    }

    [Fact]
    public async Task Workspaces_take_turns_however_many_jobs_each_has_waiting()
    {
        await using var fixture = await backend.OpenAsync();
        var busy = await fixture.ActiveWorkspaceAsync("busy");
        for (var i = 0; i < 20; i++)
            await fixture.EnqueueAsync(busy, $"busy-{i}");
        var quiet = await fixture.ActiveWorkspaceAsync("quiet");
        var calm = await fixture.ActiveWorkspaceAsync("calm");
        await fixture.EnqueueAsync(quiet, "quiet-0");
        await fixture.EnqueueAsync(quiet, "quiet-1");
        await fixture.EnqueueAsync(calm, "calm-0");

        var order = new List<string>();
        for (var i = 0; i < 4; i++)
        {
            foreach (var job in await fixture.Store.Jobs.ClaimAsync("worker", 2, Lease, default))
                order.Add(job.DocumentId);
        }

        order.ShouldBe(["busy-0", "quiet-0", "calm-0", "busy-1", "quiet-1", "busy-2", "busy-3", "busy-4"]);
    }

    [Fact]
    public async Task A_workspace_gets_no_more_of_a_worker_than_its_share()
    {
        await using var fixture = await backend.OpenAsync();
        var busy = await fixture.ActiveWorkspaceAsync("busy");
        var quiet = await fixture.ActiveWorkspaceAsync("quiet");
        for (var i = 0; i < 5; i++)
            await fixture.EnqueueAsync(busy, $"busy-{i}");
        await fixture.EnqueueAsync(quiet, "quiet-0");

        var share = new ClaimShare(3, new Dictionary<Guid, int> { [busy.Uid] = 1 });
        var claimed = await fixture.Store.Jobs.ClaimAsync("worker", 10, Lease, share, default);
        claimed.Select(job => job.DocumentId).ShouldBe(["busy-0", "quiet-0", "busy-1"]);
        var full = new ClaimShare(3, new Dictionary<Guid, int> { [busy.Uid] = 3 });
        (await fixture.Store.Jobs.ClaimAsync("worker", 10, Lease, full, default)).ShouldBeEmpty();
    }

    [Fact]
    public async Task Jobs_of_one_document_run_one_after_another_in_the_order_of_submission()
    {
        await using var fixture = await backend.OpenAsync();
        var jobs = fixture.Store.Jobs;
        var workspace = await fixture.ActiveWorkspaceAsync();
        var older = await fixture.EnqueueAsync(workspace, "same");
        var newer = await fixture.EnqueueAsync(workspace, "same");
        var other = await fixture.EnqueueAsync(workspace, "other");

        var claimed = await jobs.ClaimAsync("worker", 10, Lease, default);
        claimed.Select(job => job.JobId).ShouldBe([older.JobId, other.JobId]);
        // A try that waits for another one holds the newer job back as well.
        await jobs.RetryAsync(older.JobId, claimed[0].Fence, "later", TimeSpan.FromMinutes(1), default);
        (await jobs.ClaimAsync("worker", 10, Lease, default)).ShouldBeEmpty();

        await jobs.CancelAsync(workspace.Uid, older.JobId, default);
        (await jobs.ClaimAsync("worker", 10, Lease, default)).ShouldHaveSingleItem().JobId.ShouldBe(newer.JobId);
    }

    [Fact]
    public async Task A_retry_waits_for_its_time_and_says_why()
    {
        await using var fixture = await backend.OpenAsync();
        var jobs = fixture.Store.Jobs;
        var workspace = await fixture.ActiveWorkspaceAsync();
        await fixture.EnqueueAsync(workspace, "a");
        var job = (await jobs.ClaimAsync("worker", 1, Lease, default))[0];
        (await jobs.RetryAsync(job.JobId, job.Fence, "The shard is away.", TimeSpan.FromSeconds(5), default))
            .ShouldBeTrue();

        var waiting = (await jobs.FindAsync(workspace.Uid, job.JobId, default))!;
        waiting.State.ShouldBe(JobState.Queued);
        waiting.Reason.ShouldBe("The shard is away.");
        (await jobs.ClaimAsync("worker", 1, Lease, default)).ShouldBeEmpty();
        fixture.Time.Advance(TimeSpan.FromSeconds(5));
        (await jobs.ClaimAsync("worker", 1, Lease, default)).ShouldHaveSingleItem().Attempts.ShouldBe(2);
    }

    [Fact]
    public async Task Renewing_prolongs_a_lease_and_releasing_gives_the_attempt_back()
    {
        await using var fixture = await backend.OpenAsync();
        var jobs = fixture.Store.Jobs;
        await fixture.EnqueueAsync(await fixture.ActiveWorkspaceAsync(), "a");
        var job = (await jobs.ClaimAsync("one", 1, Lease, default))[0];
        fixture.Time.Advance(Lease - TimeSpan.FromSeconds(1));
        (await jobs.RenewAsync(job.JobId, job.Fence, Lease, default)).ShouldBeTrue();
        fixture.Time.Advance(Lease - TimeSpan.FromSeconds(1));
        (await jobs.ClaimAsync("two", 1, Lease, default)).ShouldBeEmpty();

        (await jobs.ReleaseAsync(job.JobId, job.Fence, default)).ShouldBeTrue();
        (await jobs.ClaimAsync("two", 1, Lease, default)).ShouldHaveSingleItem().Attempts.ShouldBe(1);
    }

    [Fact]
    public async Task A_hundred_workers_never_get_the_same_job_twice()
    {
        await using var fixture = await backend.OpenAsync();
        var workspace = await fixture.ActiveWorkspaceAsync();
        await using var other = await fixture.OpenAnotherAsync();
        await Task.WhenAll(Enumerable.Range(0, 300).Select(i => fixture.EnqueueAsync(workspace, $"d{i}")));

        var claimed = await Task.WhenAll(Enumerable.Range(0, 100).Select(i =>
            (i % 2 == 0 ? fixture.Store : other).Jobs.ClaimAsync($"w{i}", 4, Lease, default)));

        var ids = claimed.SelectMany(jobs => jobs).Select(job => job.JobId).ToList();
        ids.Count.ShouldBe(300);
        ids.Distinct().Count().ShouldBe(300);
    }
}

public sealed class SqliteJobClaimTests() : JobClaimTests(StoreBackend.Sqlite);

public sealed class PostgresJobClaimTests(SharedPostgres server) : JobClaimTests(server.Backend);
