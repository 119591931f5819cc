using Grpc.Core;

namespace Rag.Ingestor.Documents;

/// <summary>What a failed call means for the one who made it.</summary>
internal enum CallFailure
{
    /// <summary>It may succeed a little later.</summary>
    Transient,

    /// <summary>Something is wrong on the other side; another try at a later time may find it put right.</summary>
    Defect,

    /// <summary>It will be refused each time.</summary>
    Permanent,
}

/// <summary>The one place where status codes of the router are read.</summary>
internal static class CallFailures
{
    public static CallFailure Of(StatusCode code) => code switch
    {
        StatusCode.Unavailable or StatusCode.ResourceExhausted or StatusCode.DeadlineExceeded or StatusCode.Aborted
            or StatusCode.Cancelled => CallFailure.Transient,
        // A precondition may hold for the next try: settings that were just changed, chunks staged too long ago.
        StatusCode.FailedPrecondition or StatusCode.Internal or StatusCode.Unknown or StatusCode.DataLoss => CallFailure.Defect,
        _ => CallFailure.Permanent,
    };
}
