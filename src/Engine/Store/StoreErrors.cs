using Rag.Engine.Storage;

namespace Rag.Engine;

/// <summary>The exceptions of the facade, with sentences that say what to do.</summary>
internal static class StoreErrors
{
    private static readonly TimeSpan RetryFull = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan RetryFault = TimeSpan.FromSeconds(1);

    public static StoreException NoWorkspace(SliceId id) => new(
        StoreErrorKind.NotFound,
        $"Workspace {id.WorkspaceUid} is not known in partition {id.Partition}; check its settings and try again.");

    public static StoreException WorkspaceDeleted(SliceId id) => new(
        StoreErrorKind.FailedPrecondition,
        $"Workspace {id.WorkspaceUid} is being deleted; make a new one to go on.");

    public static StoreException Quarantined(SliceId id, string reason) => new(
        StoreErrorKind.DataLoss,
        $"Workspace {id.WorkspaceUid} is quarantined in partition {id.Partition}: {reason} Restore it from a backup, "
        + "or delete it and ingest its documents again.");

    public static StoreException MemoryContended() => new(
        StoreErrorKind.ResourceExhausted,
        "More workspaces are in use than fit in memory; try again, or raise the memory cap.",
        retryAfter: RetryFault);

    public static StoreException TooOld() => new(
        StoreErrorKind.Aborted,
        "The request's id is too old to tell whether it was carried out before; read the state, then send a new "
        + "request with a new id if it is still needed.");

    public static StoreException Invalid(string message) => new(StoreErrorKind.InvalidArgument, message);

    public static StoreException NoSpace(string name) => new(
        StoreErrorKind.NotFound, $"The workspace has no vector space '{name}'; name one of those in its settings.");

    public static StoreException NoOrder() => new(
        StoreErrorKind.Unavailable, "The shard is not connected to the mutation log yet; try again.",
        retryAfter: RetryFault);

    public static StoreException Closed(Exception? cause = null) => new(
        StoreErrorKind.Unavailable, "The store is closing; try again elsewhere or later.", cause, RetryFault);

    /// <summary>The exception for what storage threw.</summary>
    public static StoreException Of(Exception exception) => exception switch
    {
        StoreException known => known,
        StorageFullException => new(StoreErrorKind.ResourceExhausted, exception.Message, exception, RetryFull),
        CorruptDataException => new(StoreErrorKind.DataLoss, exception.Message, exception),
        IOException => new(StoreErrorKind.Unavailable, exception.Message, exception, RetryFault),
        ObjectDisposedException => Closed(exception),
        _ => new(StoreErrorKind.Internal, "Something failed that should not; the log tells more.", exception),
    };
}
