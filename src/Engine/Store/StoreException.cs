namespace Rag.Engine;

/// <summary>The one exception of the store's facade. The message is a sentence that says what to do.</summary>
public sealed class StoreException : Exception
{
    public StoreException(StoreErrorKind kind, string message, Exception? cause = null, TimeSpan? retryAfter = null)
        : base(message, cause)
    {
        Kind = kind;
        RetryAfter = retryAfter;
    }

    public StoreErrorKind Kind { get; }

    /// <summary>When to try again; null where trying again does not help by itself.</summary>
    public TimeSpan? RetryAfter { get; }
}

/// <summary>Kinds of failure, one to one with status codes above.</summary>
public enum StoreErrorKind
{
    /// <summary>The caller's input breaks a limit or does not fit the workspace.</summary>
    InvalidArgument = 1,

    /// <summary>No such workspace in this partition, or no such vector space.</summary>
    NotFound = 2,

    /// <summary>The state does not allow it, for example the workspace is being deleted.</summary>
    FailedPrecondition = 3,

    /// <summary>The retry comes too late or meets a newer state: read again, then decide.</summary>
    Aborted = 4,

    /// <summary>Disk or memory is full; try again after <see cref="StoreException.RetryAfter"/>.</summary>
    ResourceExhausted = 5,

    /// <summary>A device error, a replica that lags behind, or a store that is closing; try again.</summary>
    Unavailable = 6,

    /// <summary>The slice is quarantined because its data is corrupt.</summary>
    DataLoss = 7,

    /// <summary>A defect of ours.</summary>
    Internal = 8,
}
