using Grpc.Core;
using Rag.Embedding;
using Rag.Engine;
using Rag.Shard.Mapping;

namespace Rag.Shard.Errors;

/// <summary>The one place where a shard's failures become gRPC statuses.</summary>
internal static class ShardStatus
{
    /// <summary>Trailer that tells a router why, in one word of <see cref="StaleSettings"/> and the others.</summary>
    public const string ReasonTrailer = "rag-reason";

    /// <summary>Trailer with the milliseconds after which to try again.</summary>
    public const string RetryTrailer = "retry-after-ms";

    /// <summary>Router and shard know different versions of the workspace's settings: refresh and try again.</summary>
    public const string StaleSettings = "stale-settings";

    /// <summary>The shard does not hold the partition: refresh the topology and try again.</summary>
    public const string NotHeld = "not-held";

    /// <summary>The slice's data is corrupt; other slices are served.</summary>
    public const string Quarantined = "quarantined";

    /// <summary>The replica is not yet as far as the caller has seen: ask another one, or again.</summary>
    public const string NotReached = "not-reached";

    /// <summary>The shard is there, but cannot do this now: UNAVAILABLE that says nothing of the connection.</summary>
    public const string Unable = "unable";

    /// <summary>The status for a failure, or null for one that nobody expected.</summary>
    public static RpcException? Map(Exception failure, ServerCallContext context) => Map(failure, context.Deadline);

    /// <summary>The status for a failure, or null for one that nobody expected.</summary>
    /// <param name="deadline">UTC.</param>
    public static RpcException? Map(Exception failure, DateTime deadline) => failure switch
    {
        RpcException status => status,
        InvalidInputException input => new RpcException(new Status(StatusCode.InvalidArgument, input.Message)),
        StoreException store => Map(store),
        EmbeddingOverloadedException overload =>
            new RpcException(new Status(StatusCode.ResourceExhausted, overload.Message)),
        OperationCanceledException when deadline <= DateTime.UtcNow => new RpcException(
            new Status(StatusCode.DeadlineExceeded, "The deadline passed before the shard had finished.")),
        OperationCanceledException => new RpcException(new Status(StatusCode.Cancelled, "The call was cancelled.")),
        _ => null,
    };

    public static RpcException Refuse(string reason, string sentence) => new(
        new Status(StatusCode.FailedPrecondition, sentence), new Metadata { { ReasonTrailer, reason } });

    private static RpcException Map(StoreException failure)
    {
        var code = failure.Kind switch
        {
            StoreErrorKind.InvalidArgument => StatusCode.InvalidArgument,
            StoreErrorKind.NotFound => StatusCode.NotFound,
            StoreErrorKind.FailedPrecondition => StatusCode.FailedPrecondition,
            StoreErrorKind.Aborted => StatusCode.Aborted,
            StoreErrorKind.ResourceExhausted => StatusCode.ResourceExhausted,
            StoreErrorKind.Unavailable => StatusCode.Unavailable,
            StoreErrorKind.DataLoss => StatusCode.DataLoss,
            _ => StatusCode.Internal,
        };
        var trailers = new Metadata();
        if (failure.Kind == StoreErrorKind.DataLoss)
            trailers.Add(ReasonTrailer, Quarantined);
        if (failure.Kind == StoreErrorKind.Unavailable)
            trailers.Add(ReasonTrailer, Unable);
        if (failure.RetryAfter is { } delay)
            trailers.Add(RetryTrailer, ((long)delay.TotalMilliseconds).ToString());
        return new RpcException(new Status(code, failure.Message), trailers);
    }
}
