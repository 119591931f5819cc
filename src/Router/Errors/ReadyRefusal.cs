using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Rag.V1;

namespace Rag.Router.Errors;

/// <summary>
/// A refusal that is made before anybody is refused, so that refusing costs next to nothing: no exception, nothing to
/// encode. Immutable.
/// </summary>
internal sealed class ReadyRefusal
{
    private readonly Grpc.Core.Status _status;
    private readonly Grpc.Core.Metadata _trailers;
    private readonly Duration? _retryDelay;

    private ReadyRefusal(Grpc.Core.Status status, Grpc.Core.Metadata trailers, Duration? retryDelay) =>
        (_status, _trailers, _retryDelay) = (status, trailers, retryDelay);

    public StatusCode Code => _status.StatusCode;

    public static ReadyRefusal Of(RefusedException refused)
    {
        var error = RouterStatus.Map(refused, DateTime.MaxValue)!;
        return new ReadyRefusal(
            error.Status, error.Trailers, refused.RetryAfter is { } delay ? Duration.FromTimeSpan(delay) : null);
    }

    /// <summary>Ends a call with it; what the handler returns is not sent.</summary>
    public void Answer(ServerCallContext context)
    {
        context.Status = _status;
        foreach (var trailer in _trailers)
            context.ResponseTrailers.Add(trailer);
    }

    /// <summary>The same for one item of a batch or stream.</summary>
    public ItemError ToItem() => new() { Code = (int)_status.StatusCode, Message = _status.Detail, RetryDelay = _retryDelay };
}
