using System.Collections.Concurrent;
using System.Reflection;
using Rag.Metadata;

namespace Rag.Benchmarks;

/// <summary>
/// Every query of the store, with what it needs: jobs that wait, jobs that are held, workspaces to be deleted. What one
/// query leaves, another one takes.
/// </summary>
internal sealed class MetadataQueries(IMetadataStore store, int documents)
{
    private const int FilesASecond = 50;
    private const int Often = 50;
    private const int Seldom = 20;

    /// <summary>Held before anything is measured, so that there is enough to be reported, renewed and ended.</summary>
    private const int Held = 2400;

    /// <summary>Jobs of each workspace whose claims are left to <see cref="IJobStore.ClaimOneAsync"/>: the last that wait.</summary>
    private const int OwnJobs = 5;

    private static readonly TimeSpan Lease = TimeSpan.FromMinutes(10);

    private readonly int _each = documents / MetadataTables.Workspaces;
    private readonly byte[] _file = new byte[64 * 1024];
    private readonly ConcurrentQueue<Guid> _waiting = new();
    private readonly ConcurrentQueue<JobRecord> _held = new();
    private readonly ConcurrentQueue<(Guid Uid, long Version)> _changed = new();
    private readonly ConcurrentQueue<Guid> _doomed = new();
    private readonly ConcurrentQueue<Guid> _deleting = new();
    private readonly ConcurrentQueue<Guid> _blobs = new();
    private JobRecord[] _leases = [];
    private int _updated;
    private int _requeued;
    private int _made;

    /// <summary>Methods of the store that no query here calls.</summary>
    public IEnumerable<string> Missing()
    {
        var measured = All().Select(static query => query.Member).ToHashSet();
        // Waits ask nothing; a blob's writer is asked by what writes.
        string[] others = [nameof(IJobStore.WaitForWorkAsync), nameof(IJobStore.WaitForChangeAsync), nameof(IBlobStore.Create)];
        return new[] { typeof(IWorkspaceStore), typeof(IDocumentStore), typeof(IJobStore), typeof(IBlobStore) }
            .SelectMany(static part => part.GetMethods(BindingFlags.Public | BindingFlags.Instance).Select(method => $"{part.Name}.{method.Name}"))
            .Where(member => !measured.Contains(member) && !others.Any(other => member.EndsWith("." + other, StringComparison.Ordinal)))
            .Distinct();
    }

    public async Task PrepareAsync()
    {
        for (var job = 1; job <= OwnJobs; job++)
        {
            for (var workspace = 0; workspace < MetadataTables.Workspaces; workspace++)
                _waiting.Enqueue(MetadataTables.JobId(workspace, MetadataTables.JobsPerWorkspace - 5 * job));
        }

        for (var i = 0; i < MetadataTables.Doomed; i++)
            _doomed.Enqueue(MetadataTables.DoomedUid(i));
        await Parallel.ForEachAsync(Enumerable.Range(0, Held), async (_, _) => await ClaimOneAsync());
        await Parallel.ForEachAsync(Enumerable.Range(0, 100), async (_, _) => await WriteFileAsync());
        _leases = [.. Enumerable.Range(0, 200).Select(_ => Take(_held))];
    }

    public IReadOnlyList<MetadataQuery> All() => [.. WorkspaceQueries(), .. DocumentQueries(), .. JobQueries(), .. BlobQueries()];

    private IEnumerable<MetadataQuery> WorkspaceQueries()
    {
        var workspaces = store.Workspaces;
        MetadataQuery Of(string name, string member, double rate, Func<Random, Task> run, int trips = 1) =>
            new(name, $"{nameof(IWorkspaceStore)}.{member}", rate, Often, trips, run);
        yield return Of("workspace by name", nameof(workspaces.FindByNameAsync), 100, random => workspaces.FindByNameAsync($"w{Workspace(random)}", default).AsTask());
        yield return Of("workspace by uid", nameof(workspaces.FindByUidAsync), 5, random => workspaces.FindByUidAsync(Uid(random), default).AsTask());
        yield return Of("workspaces, page of 100", nameof(workspaces.ListAsync), 2, random => workspaces.ListAsync($"w{Workspace(random)}", 101, default).AsTask());
        yield return Of("workspaces to finish", nameof(workspaces.ListUnfinishedAsync), 2, _ => workspaces.ListUnfinishedAsync(1000, default).AsTask());
        yield return Of("workspace made", nameof(workspaces.InsertAsync), 2, async _ =>
        {
            var made = await workspaces.InsertAsync(
                new NewWorkspace(Guid.CreateVersion7(), $"made-{Interlocked.Increment(ref _made)}", new byte[200], Guid.NewGuid().ToString("N")), default);
            _changed.Enqueue((made.Record.Uid, 1));
        });
        yield return Of("settings changed", nameof(workspaces.TryUpdateAsync), 2, async _ =>
        {
            var uid = MetadataTables.Uid(Interlocked.Increment(ref _updated));
            _changed.Enqueue((uid, (await workspaces.TryUpdateAsync(uid, 1, new byte[220], default))!.Version));
        });
        yield return Of("settings applied", nameof(workspaces.MarkAppliedAsync), 4, async _ =>
        {
            var (uid, version) = Take(_changed);
            await workspaces.MarkAppliedAsync(uid, version, default);
        });
        yield return Of("deletion of a workspace begun, 5 jobs wait", nameof(workspaces.TryBeginDeleteAsync), 2, async _ =>
        {
            var uid = Take(_doomed);
            await workspaces.TryBeginDeleteAsync(uid, 0, default);
            _deleting.Enqueue(uid);
        });
        yield return Of("workspace erased, 20 documents", nameof(workspaces.EraseAsync), 2, _ => workspaces.EraseAsync(Take(_deleting), default), trips: 3)
            with { RateAlone = Seldom };
    }

    private IEnumerable<MetadataQuery> DocumentQueries()
    {
        var all = store.Documents;
        MetadataQuery Of(string name, string member, double rate, Func<Random, Task> run, int trips = 1) =>
            new(name, $"{nameof(IDocumentStore)}.{member}", rate, Often, trips, run);
        yield return Of("document", nameof(all.FindAsync), 100, random => all.FindAsync(Uid(random), DocumentId(random), default).AsTask());
        yield return Of("documents, page of 100", nameof(all.ListAsync), 10, random => all.ListAsync(Uid(random), DocumentId(random), 101, default).AsTask());
        yield return Of("documents of a workspace counted", nameof(all.CountAsync), 2, random => all.CountAsync(Uid(random), default).AsTask());
        yield return Of("document recorded", nameof(all.UpsertAsync), 5, random => all.UpsertAsync(Document(Uid(random), DocumentId(random)), default));
        yield return Of("document invalidated", nameof(all.InvalidateAsync), 5, random => all.InvalidateAsync(Uid(random), [DocumentId(random)], default));
        yield return Of($"all {_each:N0} documents invalidated", nameof(all.InvalidateAsync), 0.5, random => all.InvalidateAsync(Uid(random), null, default),
            trips: _each / 100 + 1) with { RateAlone = Seldom };
        yield return Of("document deleted", nameof(all.DeleteAsync), 5, random => all.DeleteAsync(Uid(random), DocumentId(random), 0, default));
    }

    private IEnumerable<MetadataQuery> JobQueries()
    {
        var jobs = store.Jobs;
        MetadataQuery Of(string name, string member, double rate, Func<Random, Task> run) =>
            new(name, $"{nameof(IJobStore)}.{member}", rate, Often, 1, run);
        yield return Of("job queued", nameof(jobs.EnqueueAsync), FilesASecond, random => jobs.EnqueueAsync(NewJob(Uid(random)), 1_000_000, default));
        yield return Of("job by request", nameof(jobs.FindByRequestAsync), FilesASecond, random =>
        {
            var workspace = Workspace(random);
            return jobs.FindByRequestAsync(MetadataTables.Uid(workspace), MetadataTables.RequestId(workspace, Job(random)), default).AsTask();
        });
        yield return Of("job by id", nameof(jobs.FindAsync), 100, random =>
        {
            var workspace = Workspace(random);
            return jobs.FindAsync(MetadataTables.Uid(workspace), MetadataTables.JobId(workspace, Job(random)), default).AsTask();
        });
        yield return Of("jobs, page of 50", nameof(jobs.ListAsync), 10, random => jobs.ListAsync(Uid(random), [], 0, 51, default).AsTask());
        yield return Of("dead letters, page of 50", nameof(jobs.ListAsync), 5, random => jobs.ListAsync(Uid(random), [JobState.Failed], 0, 51, default).AsTask());
        // What the dispatcher asks by default, and where an operator has Ingestor:LaneJobs at its former 1,024.
        yield return Of("due jobs listed, 256", nameof(jobs.ListDueAsync), 10, _ => jobs.ListDueAsync(32, 256, default).AsTask());
        yield return Of("due jobs listed, 1,024", nameof(jobs.ListDueAsync), 1, _ => jobs.ListDueAsync(32, 1024, default).AsTask());
        yield return Of("job claimed by its id", nameof(jobs.ClaimOneAsync), FilesASecond, _ => ClaimOneAsync());
        yield return Of("16 jobs claimed", nameof(jobs.ClaimAsync), 4, random => jobs.ClaimAsync($"worker-{random.Next(8)}", 16, Lease, default)) with { RateAlone = Seldom };
        yield return Of("unfinished of 32 jobs", nameof(jobs.FindUnfinishedAsync), 8, random => jobs.FindUnfinishedAsync(JobIds(random, 32), default).AsTask());
        yield return Of("progress reported", nameof(jobs.ReportAsync), 2 * FilesASecond, random =>
        {
            var job = _leases[random.Next(_leases.Length)];
            return jobs.ReportAsync(job.JobId, job.Fence, new JobProgress(JobState.Indexing, random.Next(100), 1), default);
        });
        yield return Of("lease renewed", nameof(jobs.RenewAsync), 16, random =>
        {
            var job = _leases[random.Next(_leases.Length)];
            return jobs.RenewAsync(job.JobId, job.Fence, Lease, default);
        });
        yield return Of("job done with its document", nameof(jobs.CompleteAsync), FilesASecond,
            random => EndAsync(job => jobs.CompleteAsync(job.JobId, job.Fence, JobOutcome.Indexed, Document(job.WorkspaceUid, DocumentId(random)), default)));
        yield return Of("job put back for another try", nameof(jobs.RetryAsync), 4, _ => EndAsync(job => jobs.RetryAsync(job.JobId, job.Fence, "later", Lease, default)));
        yield return Of("job given back", nameof(jobs.ReleaseAsync), 2, _ => EndAsync(job => jobs.ReleaseAsync(job.JobId, job.Fence, default)));
        yield return Of("job given up", nameof(jobs.FailAsync), 2, _ => EndAsync(job => jobs.FailAsync(job.JobId, job.Fence, "It is encrypted.", default)));
        yield return Of("dead letter queued again", nameof(jobs.RequeueAsync), 2, _ =>
        {
            var workspace = Interlocked.Increment(ref _requeued);
            return jobs.RequeueAsync(MetadataTables.Uid(workspace), MetadataTables.JobId(workspace, 1), 1_000_000, default);
        });
        yield return Of("job cancelled", nameof(jobs.CancelAsync), 2, _ => EndAsync(async job => await jobs.CancelAsync(job.WorkspaceUid, job.JobId, default) is not null));
        yield return Of("jobs of a document cancelled", nameof(jobs.CancelDocumentAsync), 5, random => jobs.CancelDocumentAsync(Uid(random), DocumentId(random), default));
        yield return Of("workers that hold jobs", nameof(jobs.ListWorkersAsync), 0.5, _ => jobs.ListWorkersAsync(default).AsTask());
        yield return Of("leases of a worker ended", nameof(jobs.ExpireLeasesAsync), 0.5, _ => jobs.ExpireLeasesAsync("worker-none", default));
        yield return Of("unfinished jobs counted", nameof(jobs.GetBacklogAsync), 0.5, _ => jobs.GetBacklogAsync(default).AsTask());
        yield return Of("bytes still needed, of 256 jobs", nameof(jobs.FindNeedingBytesAsync), 2, random => jobs.FindNeedingBytesAsync(JobIds(random, 256), default).AsTask());
        yield return Of("256 old jobs forgotten", nameof(jobs.PruneAsync), 1, _ => jobs.PruneAsync(TimeSpan.FromDays(7), 256, default)) with { RateAlone = Seldom };
    }

    private IEnumerable<MetadataQuery> BlobQueries()
    {
        var blobs = store.Blobs;
        MetadataQuery Of(string name, string member, double rate, Func<Random, Task> run, int trips = 1) =>
            new(name, $"{nameof(IBlobStore)}.{member}", rate, Often, trips, run);
        yield return Of("file of 64 KiB written", nameof(blobs.Create), FilesASecond, _ => WriteFileAsync(), trips: 2);
        yield return Of("file of 64 KiB read", nameof(blobs.OpenReadAsync), FilesASecond, async _ =>
        {
            var id = Take(_blobs);
            await using var stream = (await blobs.OpenReadAsync(id, default))!;
            await stream.CopyToAsync(Stream.Null);
            _blobs.Enqueue(id);
        }, trips: 2);
        yield return Of("files without a change for an hour", nameof(blobs.ListUntouchedAsync), 1,
            _ => blobs.ListUntouchedAsync(TimeSpan.FromHours(1), Guid.Empty, 256, default).AsTask());
        yield return Of("file of 64 KiB deleted", nameof(blobs.DeleteAsync), 40, _ => blobs.DeleteAsync(Take(_blobs), default))
            with { RateAlone = Seldom };
    }

    private async Task WriteFileAsync()
    {
        var id = Guid.CreateVersion7();
        await using var writer = store.Blobs.Create(id);
        await writer.AppendAsync(_file, default);
        await writer.CompleteAsync(default);
        _blobs.Enqueue(id);
    }

    private async Task ClaimOneAsync()
    {
        if (await store.Jobs.ClaimOneAsync(Take(_waiting), "worker-0", Lease, default) is { } job)
            _held.Enqueue(job);
    }

    private async Task EndAsync(Func<JobRecord, Task<bool>> end)
    {
        if (!await end(Take(_held)))
            throw new InvalidOperationException("The job was another worker's.");
    }

    private static NewJob NewJob(Guid workspace) => new()
    {
        JobId = Guid.CreateVersion7(), WorkspaceUid = workspace, Workspace = "w", DocumentId = Guid.NewGuid().ToString("N"),
        FileName = "file.pdf", SizeBytes = 1, ContentHash = new byte[32], RequestId = Guid.NewGuid().ToString("D"),
    };

    private static DocumentRecord Document(Guid workspace, string id) => new()
    {
        WorkspaceUid = workspace, DocumentId = id, Title = "A title", FileName = "file.pdf", ContentHash = new byte[32],
        Fingerprint = new byte[32], Version = 2,
    };

    private static Guid[] JobIds(Random random, int count) =>
        [.. Enumerable.Range(0, count).Select(_ => MetadataTables.JobId(Workspace(random), Job(random)))];

    private static T Take<T>(ConcurrentQueue<T> queue) => queue.TryDequeue(out var item)
        ? item : throw new InvalidOperationException("Nothing is left that this query could take.");

    private static int Workspace(Random random) => random.Next(MetadataTables.Workspaces);

    private static Guid Uid(Random random) => MetadataTables.Uid(Workspace(random));

    private static int Job(Random random) => random.Next(MetadataTables.JobsPerWorkspace);

    private string DocumentId(Random random) => MetadataTables.DocumentId(random.Next(_each));
}
