using Google.Protobuf;
using Google.Rpc;
using Grpc.Core;
using StatusCode = Grpc.Core.StatusCode;

namespace Rag.Client;

/// <summary>A field of a request that was refused, and why.</summary>
/// <param name="Field">Path of the field, as <c>chunks[3].chunk_id</c>.</param>
/// <param name="Description">What is wrong with it and what to do.</param>
public sealed record FieldViolation(string Field, string Description);

/// <summary>
/// A call that failed. <see cref="Exception.Message"/> is a sentence that says what to do; <see cref="StatusCode"/>
/// tells programs what kind of failure it is.
/// </summary>
public sealed class RagException : Exception
{
    private const string DetailsTrailer = "grpc-status-details-bin";

    public RagException(StatusCode statusCode, string message, Exception? cause = null)
        : base(message, cause) => StatusCode = statusCode;

    public StatusCode StatusCode { get; }

    /// <summary>Which fields were refused; empty unless the request was malformed.</summary>
    public IReadOnlyList<FieldViolation> Violations { get; private init; } = [];

    /// <summary>When to come again, if the server said so.</summary>
    public TimeSpan? RetryDelay { get; private init; }

    /// <summary>The same call may succeed later.</summary>
    public bool IsTransient =>
        StatusCode == StatusCode.Unavailable || (StatusCode == StatusCode.ResourceExhausted && RetryDelay is not null);

    /// <summary>Reads status and details of a failed gRPC call.</summary>
    public static RagException From(RpcException failure)
    {
        ArgumentNullException.ThrowIfNull(failure);
        var violations = new List<FieldViolation>();
        TimeSpan? delay = null;
        foreach (var detail in ReadDetails(failure.Trailers))
        {
            if (detail.TryUnpack<BadRequest>(out var bad))
                violations.AddRange(bad.FieldViolations.Select(field => new FieldViolation(field.Field, field.Description)));
            else if (detail.TryUnpack<RetryInfo>(out var retry) && retry.RetryDelay is not null)
                delay = retry.RetryDelay.ToTimeSpan();
        }

        return new RagException(failure.StatusCode, Describe(failure), failure)
        {
            Violations = violations,
            RetryDelay = delay,
        };
    }

    private static string Describe(RpcException failure)
    {
        var detail = failure.Status.Detail;
        return failure.StatusCode switch
        {
            _ when !string.IsNullOrEmpty(detail) => detail,
            StatusCode.Unavailable => "The server cannot be reached: check that it runs and that the address is right.",
            StatusCode.DeadlineExceeded => "The call took longer than it may: allow more time or ask for less.",
            StatusCode.Unimplemented => "The server does not know this call: it may be of another version.",
            var code => $"The call failed with {code}.",
        };
    }

    private static IEnumerable<Google.Protobuf.WellKnownTypes.Any> ReadDetails(Metadata? trailers)
    {
        var bytes = trailers?.FirstOrDefault(entry => entry.Key == DetailsTrailer)?.ValueBytes;
        if (bytes is null)
            return [];
        try
        {
            return Google.Rpc.Status.Parser.ParseFrom(bytes).Details;
        }
        catch (InvalidProtocolBufferException)
        {
            // Details explain; without them the status still stands.
            return [];
        }
    }
}
