using System.Collections.Concurrent;
using System.Text;
using NATS.Client.Core;
using NATS.Client.JetStream;
using NATS.Net;
using Rag.Hosting.Messaging;
using Rag.Ingestor.Lanes;
using Rag.Ingestor.Tests.Pipeline;
using Rag.Metadata;
using Rag.Testing;

namespace Rag.Ingestor.Tests.Lanes;

public abstract class LaneTests(LaneServer shared, LaneStore store)
{
    [Fact]
    public async Task Two_ingestors_share_the_lanes_and_each_job_ends_once()
    {
        await using var fixture = await store.OpenAsync();
        var nats = shared.NewCluster();
        var release = new TaskCompletionSource();
        fixture.Router.OnWrite = (_, _) => release.Task;
        await fixture.StartAsync(Named("one"), nats);
        await fixture.StartAsync(Named("two"), nats);
        WorkspaceRecord[] workspaces = [await fixture.WorkspaceAsync("a"), await fixture.WorkspaceAsync("b")];
        // Versions of one document among them: those stay in order.
        var jobs = await Task.WhenAll(Enumerable.Range(0, 120).Select(i =>
            fixture.SubmitAsync(workspaces[i % 2], $"{i % 80}.txt", $"Text number {i}.")));
        await Eventually.HoldsAsync(
            async () => (await fixture.Store.Jobs.ListWorkersAsync(default)).Count == 2, "both to hold jobs");
        release.SetResult();
        var ended = new List<JobRecord>();
        foreach (var job in jobs)
            ended.Add(await fixture.EndOfAsync(job));
        ended.ShouldAllBe(job => job.State == JobState.Done);
        ended.ShouldAllBe(job => job.Attempts == 1);
        fixture.Router.Commits.Count.ShouldBe(120);
        ended.Select(job => job.Worker).Distinct().Order().ShouldBe(["one", "two"]);
        foreach (var newest in ended.GroupBy(job => (job.Workspace, job.DocumentId)).Select(versions => versions.MaxBy(job => job.Number)!))
        {
            var index = Array.FindIndex(jobs, job => job.JobId == newest.JobId);
            fixture.Router.Visible[$"{newest.Workspace}/{newest.DocumentId}"].Single().Text.ShouldBe($"Text number {index}.");
        }
    }

    [Fact]
    public async Task A_flood_of_one_workspace_delays_anothers_job_by_a_few_places_only()
    {
        await using var fixture = await store.OpenAsync();
        var nats = shared.NewCluster();
        var done = new ConcurrentQueue<string>();
        fixture.Router.OnCommit = (commit, _) =>
        {
            done.Enqueue(commit.Workspace);
            return Task.CompletedTask;
        };
        var flood = await fixture.WorkspaceAsync("flood");
        var quiet = await fixture.WorkspaceAsync("quiet");
        // Lined up before anybody works, so that nothing depends on who is faster.
        await Task.WhenAll(Enumerable.Range(0, 2000).Select(i => fixture.SubmitAsync(flood, $"{i}.txt", "Some text.")));
        var job = await fixture.SubmitAsync(quiet, "a.txt", "Some text.");
        foreach (var name in new[] { "one", "two" })
            await fixture.StartAsync(Named(name, maxJobs: 4, lane: 16), nats);
        (await fixture.EndOfAsync(job)).State.ShouldBe(JobState.Done);
        // Before it: what a lane and two workers hold of the flood, with room for what ends meanwhile. 2,000 wait.
        Array.IndexOf(done.ToArray(), "quiet").ShouldBeLessThan(100);
    }

    [Fact]
    public async Task What_somebody_waits_for_overtakes_a_bulk_import()
    {
        await using var fixture = await store.OpenAsync();
        var done = new ConcurrentQueue<string>();
        fixture.Router.OnCommit = (commit, _) =>
        {
            done.Enqueue(commit.DocumentId);
            return Task.CompletedTask;
        };
        var import = await fixture.WorkspaceAsync("import");
        var user = await fixture.WorkspaceAsync("user");
        var text = Encoding.UTF8.GetBytes("Some text.");
        var jobs = new List<JobRecord>();
        for (var i = 0; i < 60; i++)
            jobs.Add(await fixture.SubmitAsync(import, $"{i}.txt", text, priority: JobPriority.Bulk));
        jobs.Add(await fixture.SubmitAsync(user, "bulk.txt", text, priority: JobPriority.Bulk));
        jobs.Add(await fixture.SubmitAsync(user, "high.txt", text, priority: JobPriority.High));
        await fixture.StartAsync(Named("one", maxJobs: 2), shared.NewCluster());
        foreach (var job in jobs)
            (await fixture.EndOfAsync(job)).State.ShouldBe(JobState.Done);
        Array.IndexOf(done.ToArray(), "high.txt").ShouldBeLessThan(Array.IndexOf(done.ToArray(), "bulk.txt"));
        Array.IndexOf(done.ToArray(), "high.txt").ShouldBeLessThan(20);
    }

    [Fact]
    public async Task Messages_that_come_twice_late_or_from_nowhere_change_nothing()
    {
        await using var fixture = await store.OpenAsync();
        var nats = shared.NewCluster();
        await using var connection = shared.Server.Connect();
        var lanes = new JobLanes(connection, nats);
        await lanes.Queue.EnsureAsync(default);
        var workspace = await fixture.WorkspaceAsync();
        var jobs = new List<JobRecord>();
        for (var i = 0; i < 20; i++)
        {
            var job = await fixture.SubmitAsync(workspace, $"{i}.txt", $"Text number {i}.");
            jobs.Add(job);
            // The same job in every lane, besides what the dispatcher publishes.
            foreach (var priority in Enum.GetValues<JobPriority>())
                (await lanes.PublishAsync(new DueJob(job.JobId, workspace.Uid, priority, 0), "double", default)).ShouldBeTrue();
        }

        (await lanes.PublishAsync(new DueJob(jobs[0].JobId, workspace.Uid, JobPriority.High, 0), "again", default)).ShouldBeFalse();
        await lanes.PublishAsync(new DueJob(Guid.NewGuid(), workspace.Uid, JobPriority.Normal, 0), "unknown", default);
        await lanes.Queue.JetStream.PublishAsync(nats.Subject("jobs.lane.high.strange"), "no uid");
        await fixture.StartAsync(Named("one"), nats);
        await fixture.StartAsync(Named("two"), nats);
        foreach (var job in jobs)
            (await fixture.EndOfAsync(job)).ShouldSatisfyAllConditions(
                ended => ended.State.ShouldBe(JobState.Done), ended => ended.Attempts.ShouldBe(1));
        fixture.Router.Commits.Count.ShouldBe(20);
        await Eventually.HoldsAsync(async () => (await MessagesAsync(connection, nats)) == 0, "the lanes to be empty");

        // A message of a job that is over, long after.
        await lanes.PublishAsync(new DueJob(jobs[3].JobId, workspace.Uid, JobPriority.High, 0), "late", default);
        await Eventually.HoldsAsync(async () => (await MessagesAsync(connection, nats)) == 0, "the lanes to be empty again");
        fixture.Router.Commits.Count.ShouldBe(20);
    }

    [Fact]
    public async Task A_job_that_fails_is_dispatched_again_when_its_next_try_is_due_and_when_it_is_requeued()
    {
        await using var fixture = await store.OpenAsync();
        var broken = true;
        fixture.Router.OnWrite = (_, _) => broken
            ? throw new Grpc.Core.RpcException(new Grpc.Core.Status(Grpc.Core.StatusCode.Internal, "Broken."))
            : Task.CompletedTask;
        await fixture.StartAsync(null, shared.NewCluster());
        var workspace = await fixture.WorkspaceAsync();
        var job = await fixture.SubmitAsync(workspace, "a.txt", "Some text.");
        var dead = await fixture.EndOfAsync(job);
        (dead.State, dead.Attempts).ShouldBe((JobState.Failed, 3));
        dead.Reason.ShouldContain("Broken.");

        broken = false;
        (await fixture.Store.Jobs.RequeueAsync(workspace.Uid, job.JobId, 10, default)).Status.ShouldBe(JobRequeueStatus.Requeued);
        var ended = await fixture.EndOfAsync(job);
        (ended.State, ended.Attempts, ended.Reason).ShouldBe((JobState.Done, 1, ""));
    }

    [Fact]
    public async Task A_job_whose_worker_died_with_it_goes_to_another()
    {
        await using var fixture = await store.OpenAsync();
        var workspace = await fixture.WorkspaceAsync();
        var job = await fixture.SubmitAsync(workspace, "a.txt", "Some text.");
        var dead = (await fixture.Store.Jobs.ClaimOneAsync(job.JobId, "dead", TimeSpan.FromSeconds(1), default))!;
        await fixture.StartAsync(Named("one"), shared.NewCluster());
        var ended = await fixture.EndOfAsync(job);
        (ended.State, ended.Attempts, ended.Worker).ShouldBe((JobState.Done, 2, "one"));
        (await fixture.Store.Jobs.FailAsync(dead.JobId, dead.Fence, "late", default)).ShouldBeFalse();
        fixture.Router.Commits.Count.ShouldBe(1);
    }

    internal static IngestorOptions Named(string name, int maxJobs = 8, int lane = 32) => new()
    {
        WorkerName = name,
        MaxJobs = maxJobs,
        LaneJobsPerWorkspace = lane,
        ReportInterval = TimeSpan.FromMilliseconds(50),
        JobRetryDelay = TimeSpan.FromMilliseconds(1),
    };

    private static async Task<long> MessagesAsync(NatsConnection connection, NatsOptions nats) =>
        (await connection.CreateJetStreamContext().GetStreamAsync(nats.Stream("job-lanes"))).Info.State.Messages;
}

public sealed class SqliteLaneTests(LaneServer shared) : LaneTests(shared, LaneStore.Sqlite), IClassFixture<LaneServer>;

public sealed class PostgresLaneTests(LaneServer shared, PostgresLaneStore store) : LaneTests(shared, store), IClassFixture<LaneServer>, IClassFixture<PostgresLaneStore>
{
    private readonly LaneServer _shared = shared;

    [Fact]
    public async Task Ingestors_with_stores_of_their_own_share_the_work_and_each_job_ends_once()
    {
        // As processes of a cluster have it: nothing is shared but the two servers.
        var database = await store.DatabaseAsync();
        await using var first = await store.OpenAsync(database);
        await using var second = await store.OpenAsync(database);
        var nats = _shared.NewCluster();
        var release = new TaskCompletionSource();
        first.Router.OnWrite = second.Router.OnWrite = (_, _) => release.Task;
        await first.StartAsync(Named("one"), nats);
        await second.StartAsync(Named("two"), nats);
        WorkspaceRecord[] workspaces = [await first.WorkspaceAsync("a"), await second.WorkspaceAsync("b")];
        var jobs = await Task.WhenAll(Enumerable.Range(0, 120).Select(i =>
            (i % 3 == 0 ? second : first).SubmitAsync(workspaces[i % 2], $"{i % 80}.txt", $"Text number {i}.")));
        await Eventually.HoldsAsync(
            async () => (await first.Store.Jobs.ListWorkersAsync(default)).Count == 2, "both to hold jobs");
        release.SetResult();
        var ended = new List<JobRecord>();
        foreach (var job in jobs)
            ended.Add(await first.EndOfAsync(job));
        ended.ShouldAllBe(job => job.State == JobState.Done && job.Attempts == 1 && job.Fence == 1);
        (first.Router.Commits.Count + second.Router.Commits.Count).ShouldBe(120);
        ended.Select(job => job.Worker).Distinct().Order().ShouldBe(["one", "two"]);
        foreach (var router in new[] { first.Router, second.Router })
            router.Commits.Count.ShouldBeGreaterThan(0);
        // What waits in the backlog of each workspace is counted down to nothing: one end for each job.
        (await first.Store.Jobs.GetBacklogAsync(default)).ShouldBe(new JobBacklog(0, 0));
    }

    [Fact]
    public async Task A_worker_that_stood_still_past_its_lease_ends_nothing_and_its_jobs_end_once_elsewhere()
    {
        var database = await store.DatabaseAsync();
        await using var slow = await store.OpenAsync(database);
        await using var quick = await store.OpenAsync(database);
        var nats = _shared.NewCluster();
        var workspace = await slow.WorkspaceAsync();
        var jobs = new List<JobRecord>();
        for (var i = 0; i < 6; i++)
            jobs.Add(await slow.SubmitAsync(workspace, $"{i}.txt", $"Text number {i}."));
        // It took them by the lanes' own statement and then stood still, without a sign of life.
        var stale = new List<JobRecord>();
        foreach (var job in jobs)
            stale.Add((await slow.Store.Jobs.ClaimOneAsync(job.JobId, "slow", TimeSpan.FromSeconds(1), default))!);
        await quick.StartAsync(Named("quick"), nats);
        foreach (var job in jobs)
        {
            var ended = await quick.EndOfAsync(job);
            (ended.State, ended.Worker, ended.Attempts, ended.Fence).ShouldBe((JobState.Done, "quick", 2, 2L));
        }

        // It wakes: every change it makes by its old number is refused, whatever it is.
        foreach (var held in stale)
        {
            (await slow.Store.Jobs.RenewAsync(held.JobId, held.Fence, TimeSpan.FromMinutes(1), default)).ShouldBeFalse();
            (await slow.Store.Jobs.ReportAsync(held.JobId, held.Fence, new JobProgress(JobState.Indexing, 9, 9), default)).ShouldBeFalse();
            (await slow.Store.Jobs.RetryAsync(held.JobId, held.Fence, "late", TimeSpan.Zero, default)).ShouldBeFalse();
            (await slow.Store.Jobs.ReleaseAsync(held.JobId, held.Fence, default)).ShouldBeFalse();
            (await slow.Store.Jobs.FailAsync(held.JobId, held.Fence, "late", default)).ShouldBeFalse();
            (await slow.Store.Jobs.CompleteAsync(held.JobId, held.Fence, JobOutcome.NoText, null, default)).ShouldBeFalse();
            (await quick.Store.Jobs.FindAsync(workspace.Uid, held.JobId, default))!.Outcome.ShouldBe(JobOutcome.Indexed);
        }

        quick.Router.Commits.Count.ShouldBe(6);
    }
}
