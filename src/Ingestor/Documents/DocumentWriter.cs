using Google.Protobuf;
using Grpc.Core;
using Rag.Ingestor.Jobs;
using Rag.Internal.V1;
using Rag.Metadata;

namespace Rag.Ingestor.Documents;

/// <summary>
/// The router's document writer with deadlines and retries. A call is tried again with its mutation id while the router
/// is away or overloaded, up to a limit; then its status is thrown. Thread-safe.
/// </summary>
internal sealed class DocumentWriter(
    DocumentWriterService.DocumentWriterServiceClient client, IngestorOptions options, TimeProvider time)
{
    private const int LongestPauseFactor = 32;

    private static readonly TimeSpan AbortTimeout = TimeSpan.FromSeconds(5);

    public Task<GetSettingsResponse> GetSettingsAsync(JobRecord job, CancellationToken cancellationToken)
    {
        var request = new GetSettingsRequest { Workspace = job.Workspace, WorkspaceUid = job.WorkspaceUid.ToString() };
        return CallAsync(callOptions => client.GetSettingsAsync(request, callOptions), cancellationToken);
    }

    public Task WriteAsync(
        JobRecord job, ByteString generation, IEnumerable<V1.Chunk> chunks, CancellationToken cancellationToken)
    {
        var request = new WriteChunksRequest
        {
            Workspace = job.Workspace,
            WorkspaceUid = job.WorkspaceUid.ToString(),
            DocumentId = job.DocumentId,
            Generation = generation,
            MutationId = NewMutationId(),
        };
        request.Chunks.AddRange(chunks);
        return CallAsync(callOptions => client.WriteChunksAsync(request, callOptions), cancellationToken);
    }

    public Task<CommitGenerationResponse> CommitAsync(
        JobRecord job, ByteString generation, long chunks, CancellationToken cancellationToken)
    {
        var request = new CommitGenerationRequest
        {
            Workspace = job.Workspace,
            WorkspaceUid = job.WorkspaceUid.ToString(),
            DocumentId = job.DocumentId,
            Generation = generation,
            ExpectedChunks = chunks,
            MutationId = NewMutationId(),
        };
        return CallAsync(callOptions => client.CommitGenerationAsync(request, callOptions), cancellationToken);
    }

    /// <summary>One try, whatever else is cancelled: what stays behind goes by itself after a day.</summary>
    public async Task AbortAsync(JobRecord job, ByteString generation)
    {
        var request = new AbortGenerationRequest
        {
            Workspace = job.Workspace,
            WorkspaceUid = job.WorkspaceUid.ToString(),
            DocumentId = job.DocumentId,
            Generation = generation,
            MutationId = NewMutationId(),
        };
        using var call = client.AbortGenerationAsync(request, new CallOptions(deadline: DateTime.UtcNow + AbortTimeout));
        await call.ResponseAsync;
    }

    private static ByteString NewMutationId() => ByteString.CopyFrom(Guid.CreateVersion7().ToByteArray(bigEndian: true));

    private async Task<T> CallAsync<T>(Func<CallOptions, AsyncUnaryCall<T>> start, CancellationToken cancellationToken)
    {
        var began = time.GetTimestamp();
        for (var tries = 1; ; tries++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            try
            {
                using var call = start(new CallOptions(
                    deadline: DateTime.UtcNow + options.CallTimeout, cancellationToken: cancellationToken));
                return await call.ResponseAsync;
            }
            catch (RpcException refused)
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (CallFailures.Of(refused.StatusCode) != CallFailure.Transient
                    || time.GetElapsedTime(began) >= options.CallRetryLimit)
                    throw;
            }

            await Task.Delay(
                Backoff.Jittered(options.CallRetryDelay, tries, options.CallRetryDelay * LongestPauseFactor), time,
                cancellationToken);
        }
    }
}
