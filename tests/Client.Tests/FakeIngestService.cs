using Grpc.Core;
using Rag.V1;

namespace Rag.Client.Tests;

/// <summary>Keeps what was submitted; its jobs are done at once. The first calls can be made to fail half-way.</summary>
internal sealed class FakeIngestService(int failures = 0) : IngestService.IngestServiceBase
{
    private int _failures = failures;

    public List<string> RequestIds { get; } = [];

    public DocumentSource? Source { get; private set; }

    public byte[] Content { get; private set; } = [];

    public override async Task<SubmitFileResponse> SubmitFile(
        IAsyncStreamReader<SubmitFileRequest> requests, ServerCallContext context)
    {
        using var content = new MemoryStream();
        while (await requests.MoveNext(context.CancellationToken))
        {
            if (requests.Current.PartCase == SubmitFileRequest.PartOneofCase.Source)
            {
                Source = requests.Current.Source;
                RequestIds.Add(requests.Current.RequestId);
                continue;
            }

            requests.Current.Data.WriteTo(content);
            if (_failures-- > 0)
                throw new RpcException(new Status(StatusCode.Unavailable, "restarting"));
        }

        Content = content.ToArray();
        return new SubmitFileResponse { Job = new Job { JobId = "job", State = JobState.Queued } };
    }

    public override async Task WatchJob(
        WatchJobRequest request, IServerStreamWriter<WatchJobResponse> responses, ServerCallContext context)
    {
        await responses.WriteAsync(new WatchJobResponse { Job = new Job { JobId = "job", State = JobState.Embedding } });
        if (_failures-- > 0)
            return; // Stops watching before the job is over.
        await responses.WriteAsync(new WatchJobResponse { Job = new Job { JobId = "job", State = JobState.Done, Chunks = 7 } });
    }
}
