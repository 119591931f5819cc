namespace Rag.Hosting.Messaging;

/// <summary>Subjects over which routers and ingestors wake one another, behind <see cref="NatsOptions.Subject"/>.</summary>
public static class JobSubjects
{
    /// <summary>A job was queued, or an ingestor took some: there may be something to dispatch.</summary>
    public const string Bell = "jobs.bell";

    /// <summary>Jobs were put into the lanes: there is something to fetch.</summary>
    public const string Filled = "jobs.filled";
}
