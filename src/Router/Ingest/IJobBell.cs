namespace Rag.Router.Ingest;

/// <summary>
/// Rung when a job was queued, so that whoever hands jobs to ingestors looks at once instead of at its next round. A
/// ring that gets lost costs time and nothing else. Thread-safe.
/// </summary>
internal interface IJobBell
{
    /// <summary>Never waits and never throws.</summary>
    void Ring();
}

/// <summary>Where ingestors look into the metadata store by themselves.</summary>
internal sealed class SilentBell : IJobBell
{
    public void Ring()
    {
    }
}
