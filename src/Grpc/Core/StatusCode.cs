namespace Grpc.Core;

/// <summary>The result codes of the gRPC protocol; the numbers are what <c>grpc-status</c> carries.</summary>
public enum StatusCode
{
    /// <summary>Success.</summary>
    OK = 0,

    /// <summary>The caller gave the call up.</summary>
    Cancelled = 1,

    /// <summary>An error without a better code; also what a handler's unexpected exception becomes.</summary>
    Unknown = 2,

    /// <summary>The request is wrong whatever the state of the system.</summary>
    InvalidArgument = 3,

    /// <summary>The deadline passed before the call ended; the work may have been done all the same.</summary>
    DeadlineExceeded = 4,

    /// <summary>What the request names does not exist.</summary>
    NotFound = 5,

    /// <summary>What the request would create exists.</summary>
    AlreadyExists = 6,

    /// <summary>The caller is known and may not do this.</summary>
    PermissionDenied = 7,

    /// <summary>A quota, a size limit or the disk is used up.</summary>
    ResourceExhausted = 8,

    /// <summary>The system is not in the state that the request needs; retrying alone does not help.</summary>
    FailedPrecondition = 9,

    /// <summary>A concurrent change won; retry at a higher level.</summary>
    Aborted = 10,

    /// <summary>The request reaches past the valid range.</summary>
    OutOfRange = 11,

    /// <summary>The server has no such service or method.</summary>
    Unimplemented = 12,

    /// <summary>An invariant is broken, or the peer broke the protocol.</summary>
    Internal = 13,

    /// <summary>The server cannot be reached or takes no calls now; retrying may help.</summary>
    Unavailable = 14,

    /// <summary>Data is lost or corrupt.</summary>
    DataLoss = 15,

    /// <summary>The caller is not known.</summary>
    Unauthenticated = 16,
}
