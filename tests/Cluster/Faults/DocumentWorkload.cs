using System.Diagnostics;
using Rag.Client;
using Rag.V1;
using StatusCode = Grpc.Core.StatusCode;

namespace Rag.Cluster.Tests.Faults;

/// <summary>
/// Submits texts, which ingestors turn into documents of several chunks, and deletes documents, whatever happens to the
/// cluster. Each worker has documents of its own; one whose submission or deletion was not answered is left alone.
/// </summary>
internal sealed class DocumentWorkload : IAsyncDisposable
{
    private const string WorkspaceName = "faults-docs";
    private const int Workers = 2;
    private const int DocumentsPerWorker = 8;
    private const int Paragraphs = 30;

    private static readonly TimeSpan JobLimit = TimeSpan.FromSeconds(90);

    private readonly int _seed;
    private readonly FaultClock _clock;
    private readonly RagClient _client;
    private readonly ChunkModel _model = new();
    private readonly Dictionary<string, Job> _jobs = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly List<string> _faults = [];
    private Task _running = Task.CompletedTask;

    public DocumentWorkload(RouterPool routers, FaultClock clock, int seed)
    {
        (_seed, _clock) = (seed, clock);
        _client = new RagClient(routers, new RagClientOptions { Timeout = TimeSpan.FromSeconds(25) });
    }

    public OperationCount Documents { get; } = new("documents submitted or deleted");

    public int Jobs
    {
        get
        {
            lock (_jobs)
                return _jobs.Count;
        }
    }

    public async Task StartAsync()
    {
        await _client.Workspaces.CreateAsync(new Workspace
        {
            Name = WorkspaceName, Spread = 4, Embedding = new EmbeddingSettings { Ingest = EmbeddingIngest.Fast },
        });
        _running = Task.WhenAll(Enumerable.Range(0, Workers).Select(worker => Task.Run(() => WorkAsync(worker))));
    }

    public Task GoOnAsync(int count, TimeSpan limit)
    {
        var wanted = Documents.Done + count;
        return Testing.Eventually.HoldsAsync(
            () => Documents.Done >= wanted || _running.IsFaulted, $"{count} more documents are taken", limit);
    }

    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _running.WaitAsync(JobLimit + TimeSpan.FromSeconds(30));
        lock (_faults)
            _faults.ShouldBeEmpty();
    }

    /// <summary>Every job has ended, those whose submission was not answered too, and none says what is not so.</summary>
    public async Task VerifyJobsAsync()
    {
        List<Job> listed = [];
        await Testing.Eventually.HoldsAsync(
            async () =>
            {
                listed.Clear();
                await foreach (var job in _client.Workspace(WorkspaceName).Jobs.ListAsync())
                    listed.Add(job);
                return listed.All(HasEnded);
            },
            "every job ends", JobLimit);
        lock (_jobs)
        {
            _jobs.Keys.Except(listed.Select(job => job.JobId)).ShouldBeEmpty("jobs that were acknowledged are gone");
            listed.Where(job => _jobs.TryGetValue(job.JobId, out var seen) && seen.State != job.State)
                .Select(job => $"{job.JobId} was {_jobs[job.JobId].State} and is {job.State}").ShouldBeEmpty();
        }

        listed.Where(job => job.State != JobState.Done).Select(job => $"{job.State}: {job.Reason}").ShouldBeEmpty();
    }

    /// <summary>Compares what the cluster holds with what was acknowledged: whole documents, each of one version.</summary>
    public async Task VerifyAsync(string when)
    {
        var found = new Dictionary<string, HashSet<int>>();
        var chunks = 0;
        await foreach (var chunk in _client.Workspace(WorkspaceName).Chunks.ListAsync())
        {
            chunks++;
            if (!found.TryGetValue(chunk.DocumentId, out var values))
                found[chunk.DocumentId] = values = [];
            values.Add(int.Parse(chunk.Text[(chunk.Text.LastIndexOf('v') + 1)..].TrimEnd('.', '\n')));
        }

        found.Where(document => document.Value.Count != 1)
            .Select(document => $"{document.Key} has versions {string.Join(", ", document.Value)}").ShouldBeEmpty(when);
        _model.Keys.Union(found.Keys)
            .Select(key => _model.Check(key, found.TryGetValue(key, out var values) ? values.Single() : ChunkModel.Absent))
            .OfType<string>().ShouldBeEmpty(when);
        if (found.Count > 0)
            chunks.ShouldBeGreaterThan(found.Count, "documents have several chunks");
    }

    /// <summary>While metadata is away, what needs it says so, and soon.</summary>
    public async Task ShouldSayUnavailableAsync()
    {
        using var once = new RagClient(_client.Invoker, new RagClientOptions
        {
            Timeout = TimeSpan.FromSeconds(30), Retry = new RetryPolicy { MaxAttempts = 1 },
        });
        var failure = await Should.ThrowAsync<RagException>(() => once.Workspaces.CreateAsync(new Workspace { Name = "while-away" }));
        failure.StatusCode.ShouldBe(StatusCode.Unavailable, failure.Message);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.WaitAsync(TimeSpan.FromSeconds(60)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _client.Dispose();
    }

    private static bool HasEnded(Job job) => job.State >= JobState.Done;

    private async Task WorkAsync(int worker)
    {
        var random = new Random(_seed + 200 + worker);
        var workspace = _client.Workspace(WorkspaceName);
        var generation = 0;
        for (var value = 1; !_stop.IsCancellationRequested; value++)
        {
            var key = $"d{worker}-g{generation}-{random.Next(DocumentsPerWorker)}";
            var isDelete = random.Next(4) == 0;
            _model.Begin(key, isDelete ? ChunkModel.Absent : value);
            var began = Stopwatch.GetTimestamp();
            try
            {
                if (isDelete)
                    await DeleteAsync(workspace, key);
                else
                    await IngestAsync(workspace, key, value);
                _model.Acknowledge(key);
                Documents.Succeed(began);
            }
            catch (Exception failure) when (failure is RagException or TimeoutException)
            {
                Documents.Fail($"{(failure as RagException)?.StatusCode} after {Stopwatch.GetElapsedTime(began).TotalSeconds:0.0} s: {failure.Message}",
                    _clock.IsCalmForMetadata(began));
                generation++;
            }
        }
    }

    private static async Task DeleteAsync(WorkspaceClient workspace, string key)
    {
        try
        {
            await workspace.Documents.DeleteAsync(key);
        }
        catch (RagException absent) when (absent.StatusCode == StatusCode.NotFound)
        {
            // As it should be.
        }
    }

    private async Task IngestAsync(WorkspaceClient workspace, string key, int value)
    {
        var text = string.Join("\n\n", Enumerable.Range(0, Paragraphs).Select(i =>
            $"Paragraph {i} of {key} speaks at some length of matters that are of no importance at all, v{value}."));
        var job = await workspace.Documents.SubmitTextAsync(text, new IngestSource { DocumentId = key });
        lock (_jobs)
            _jobs[job.JobId] = job;
        var began = Stopwatch.GetTimestamp();
        while (!HasEnded(job))
        {
            if (Stopwatch.GetElapsedTime(began) > JobLimit)
                throw new TimeoutException($"Job {job.JobId} of {key} is still {job.State}.");
            await Task.Delay(50);
            try
            {
                job = await workspace.Jobs.GetAsync(job.JobId);
            }
            catch (RagException away) when (away.StatusCode is StatusCode.Unavailable or StatusCode.DeadlineExceeded)
            {
                // It is looked at again.
            }
        }

        lock (_jobs)
            _jobs[job.JobId] = job;
        if (job.State != JobState.Done)
            Fault($"job {job.JobId} of {key} ended as {job.State}: {job.Reason}");
    }

    private void Fault(string text)
    {
        lock (_faults)
            _faults.Add(text);
    }
}
