using Rag.Metadata;

namespace Rag.Ingestor.Jobs;

/// <summary>The embedded way: the metadata store is the queue.</summary>
internal sealed class StoreJobSource(IMetadataStore metadata, IngestorOptions options) : IJobSource
{
    public Task RunAsync(CancellationToken cancellationToken) => Task.Delay(Timeout.Infinite, cancellationToken);

    public Task WaitForWorkAsync(CancellationToken cancellationToken) =>
        metadata.Jobs.WaitForWorkAsync(cancellationToken);

    public Task<IReadOnlyList<JobRecord>> ClaimAsync(int max, ClaimShare share, CancellationToken cancellationToken) =>
        metadata.Jobs.ClaimAsync(options.WorkerName, max, options.Lease, share, cancellationToken);
}
