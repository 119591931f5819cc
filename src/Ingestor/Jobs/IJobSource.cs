using Rag.Metadata;

namespace Rag.Ingestor.Jobs;

/// <summary>
/// Where an ingestor gets jobs from: the seam between a job that is queued and an ingestor that works on it. Whatever
/// the way, a job is this worker's only by its row's lease and fencing number.
/// </summary>
internal interface IJobSource
{
    /// <summary>Runs beside the claims until it is cancelled.</summary>
    Task RunAsync(CancellationToken cancellationToken);

    /// <summary>Returns when there may be something to claim, counted from this call.</summary>
    Task WaitForWorkAsync(CancellationToken cancellationToken);

    /// <summary>Claims what there is.</summary>
    /// <param name="max">1–64.</param>
    /// <param name="share">How much of this worker one workspace may take.</param>
    /// <exception cref="MetadataStoreException">The store does not answer, and nothing was claimed.</exception>
    Task<IReadOnlyList<JobRecord>> ClaimAsync(int max, ClaimShare share, CancellationToken cancellationToken);
}
