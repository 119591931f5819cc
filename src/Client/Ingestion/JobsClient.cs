using System.Runtime.CompilerServices;
using Grpc.Core;
using Rag.V1;

namespace Rag.Client;

/// <summary>Follows files on their way into one workspace. Thread-safe.</summary>
public sealed class JobsClient
{
    private readonly IngestService.IngestServiceClient _service;
    private readonly CallRunner _calls;
    private readonly string _workspace;

    internal JobsClient(string workspace, CallInvoker invoker, CallRunner calls)
    {
        _workspace = workspace;
        _service = new IngestService.IngestServiceClient(invoker);
        _calls = calls;
    }

    public async Task<Job> GetAsync(string jobId, CancellationToken cancellationToken = default)
    {
        var request = new GetJobRequest { Workspace = _workspace, JobId = jobId };
        return (await _calls.RunAsync(options => _service.GetJobAsync(request, options), cancellationToken)).Job;
    }

    /// <summary>Newest first, a page at a time.</summary>
    /// <param name="states">Only these; none given: all.</param>
    public async IAsyncEnumerable<Job> ListAsync(
        IEnumerable<JobState>? states = null, int pageSize = 100,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var request = new ListJobsRequest { Workspace = _workspace, PageSize = pageSize, States = { states ?? [] } };
        do
        {
            var page = await _calls.RunAsync(options => _service.ListJobsAsync(request, options), cancellationToken);
            foreach (var job in page.Jobs)
                yield return job;
            // A new message: what was sent is not changed any more.
            request = new ListJobsRequest(request) { PageToken = page.NextPageToken };
        }
        while (request.PageToken.Length > 0);
    }

    /// <summary>The job as it is and then at every change, until it is over.</summary>
    public async IAsyncEnumerable<Job> WatchAsync(
        string jobId, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var request = new WatchJobRequest { Workspace = _workspace, JobId = jobId };
        using var call = _service.WatchJob(request, CallRunner.Stream(cancellationToken));
        while (true)
        {
            try
            {
                if (!await call.ResponseStream.MoveNext(cancellationToken))
                    yield break;
            }
            catch (RpcException failure)
            {
                cancellationToken.ThrowIfCancellationRequested();
                throw RagException.From(failure);
            }

            yield return call.ResponseStream.Current.Job;
        }
    }

    /// <summary>Waits until a job is over and returns its last state. A watch that breaks is taken up again.</summary>
    public Task<Job> WaitAsync(string jobId, CancellationToken cancellationToken = default) =>
        _calls.RepeatAsync(
            async options =>
            {
                using var call = _service.WatchJob(new WatchJobRequest { Workspace = _workspace, JobId = jobId }, options);
                Job? last = null;
                while (await call.ResponseStream.MoveNext(cancellationToken))
                    last = call.ResponseStream.Current.Job;
                return last is { State: >= JobState.Done }
                    ? last
                    : throw new RpcException(new Status(
                        StatusCode.Unavailable, "The server stopped watching the job: ask for it again."));
            },
            timeout: null,
            cancellationToken);

    /// <summary>Stops a job that is not over. What it would have replaced stays as it was.</summary>
    public async Task<Job> CancelAsync(string jobId, CancellationToken cancellationToken = default)
    {
        var request = new CancelJobRequest { Workspace = _workspace, JobId = jobId };
        return (await _calls.RunAsync(options => _service.CancelJobAsync(request, options), cancellationToken)).Job;
    }

    /// <summary>Queues jobs that failed again, as if they had not been tried.</summary>
    /// <param name="jobIds">1 to 1,000 of them.</param>
    /// <returns>In their order: each job as it is now, or why it stays as it was.</returns>
    public async Task<IReadOnlyList<RequeueJobResult>> RequeueAsync(
        IEnumerable<string> jobIds, CancellationToken cancellationToken = default)
    {
        var request = new RequeueJobsRequest { Workspace = _workspace, JobIds = { jobIds } };
        return (await _calls.RunAsync(options => _service.RequeueJobsAsync(request, options), cancellationToken)).Results;
    }
}
