using System.Globalization;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;
using Rag.Metadata;
using Rag.V1;
using Status = Grpc.Core.Status;

namespace Rag.Router.Errors;

/// <summary>The one place where a router's failures become gRPC statuses, with google.rpc details.</summary>
internal static class RouterStatus
{
    private const string DetailsTrailer = "grpc-status-details-bin";
    private const int MaxViolations = 100;

    /// <summary>
    /// The status for a failure, or null for one that nobody expected: it is logged and becomes INTERNAL.
    /// </summary>
    /// <param name="deadline">The call's deadline, UTC.</param>
    public static RpcException? Map(Exception failure, DateTime deadline) => failure switch
    {
        RefusedException refused =>
            Create(CodeOf(refused.Kind), refused.Message, refused.Violations, refused.RetryAfter),
        RpcException shard => FromShard(shard),
        MetadataStoreException store => FromStore(store),
        OperationCanceledException when deadline <= DateTime.UtcNow => Create(
            StatusCode.DeadlineExceeded, "The deadline passed before there was an answer: allow more time."),
        OperationCanceledException => Create(StatusCode.Cancelled, "The call was cancelled."),
        _ => null,
    };

    /// <summary>What a caller sees of a failure that nobody expected.</summary>
    public static RpcException Unexpected() => Create(
        StatusCode.Internal, "The router met an unexpected fault; its log has the details.");

    /// <summary>The same for one item of a batch.</summary>
    public static ItemError ToItem(RpcException error) => new()
    {
        Code = (int)error.StatusCode,
        Message = error.Status.Detail,
        RetryDelay = error.RetryAfter() is { } delay ? Duration.FromTimeSpan(delay) : null,
    };

    /// <summary>An item that the router itself refuses.</summary>
    public static ItemError ToItem(RefusalKind kind, string message) =>
        new() { Code = (int)CodeOf(kind), Message = message };

    private static RpcException FromShard(RpcException error)
    {
        switch (error.StatusCode)
        {
            // A shard's sentences about the caller's input and state are made for the caller.
            case StatusCode.InvalidArgument or StatusCode.NotFound or StatusCode.FailedPrecondition
                or StatusCode.Aborted or StatusCode.ResourceExhausted or StatusCode.DataLoss or StatusCode.OutOfRange
                or StatusCode.AlreadyExists or StatusCode.Unimplemented:
                var retry = error.RetryAfter()
                    ?? (error.StatusCode == StatusCode.ResourceExhausted ? Refuse.RetryDelay : null);
                return Create(error.StatusCode, error.Status.Detail, retryAfter: retry);
            case StatusCode.Unavailable:
                return Create(error.StatusCode, "A shard cannot be reached: try again.",
                    retryAfter: error.RetryAfter() ?? Refuse.RetryDelay);
            case StatusCode.DeadlineExceeded:
                return Create(error.StatusCode, "The deadline passed before a shard answered: allow more time.");
            case StatusCode.Cancelled:
                return Create(error.StatusCode, "The call was cancelled.");
            default:
                return Create(StatusCode.Internal, "A shard met an unexpected fault; its log has the details.");
        }
    }

    private static RpcException FromStore(MetadataStoreException error) => error.Fault switch
    {
        MetadataFault.Full => Create(
            StatusCode.ResourceExhausted, error.Message, retryAfter: TimeSpan.FromSeconds(30)),
        MetadataFault.Unavailable => Create(StatusCode.Unavailable, error.Message, retryAfter: Refuse.RetryDelay),
        MetadataFault.Corrupt => Create(StatusCode.DataLoss, error.Message),
        _ => Create(StatusCode.Internal, "The metadata store met an unexpected fault; the log has the details."),
    };

    private static StatusCode CodeOf(RefusalKind kind) => kind switch
    {
        RefusalKind.InvalidArgument => StatusCode.InvalidArgument,
        RefusalKind.NotFound => StatusCode.NotFound,
        RefusalKind.AlreadyExists => StatusCode.AlreadyExists,
        RefusalKind.FailedPrecondition => StatusCode.FailedPrecondition,
        RefusalKind.Aborted => StatusCode.Aborted,
        RefusalKind.ResourceExhausted => StatusCode.ResourceExhausted,
        RefusalKind.Unavailable => StatusCode.Unavailable,
        RefusalKind.DataLoss => StatusCode.DataLoss,
        RefusalKind.DeadlineExceeded => StatusCode.DeadlineExceeded,
        _ => StatusCode.Internal,
    };

    private static RpcException Create(
        StatusCode code, string message, IReadOnlyList<Violation>? violations = null, TimeSpan? retryAfter = null)
    {
        var trailers = new Grpc.Core.Metadata();
        var details = new Google.Rpc.Status { Code = (int)code, Message = message };
        if (violations is { Count: > 0 })
        {
            var bad = new BadRequest();
            for (var i = 0; i < violations.Count && i < MaxViolations; i++)
            {
                bad.FieldViolations.Add(new BadRequest.Types.FieldViolation
                {
                    Field = violations[i].Field,
                    Description = violations[i].Description,
                });
            }

            details.Details.Add(Any.Pack(bad));
        }

        if (retryAfter is { } delay)
        {
            details.Details.Add(Any.Pack(new RetryInfo { RetryDelay = Duration.FromTimeSpan(delay) }));
            // The same for callers that do not read google.rpc details.
            trailers.Add(ShardReasons.RetryTrailer, ((long)delay.TotalMilliseconds).ToString(CultureInfo.InvariantCulture));
        }

        if (details.Details.Count > 0)
            trailers.Add(DetailsTrailer, details.ToByteArray());
        return new RpcException(new Status(code, message), trailers);
    }
}
