using Grpc.Core;

namespace Rag.Router.Errors;

/// <summary>What a shard says about a refusal in its trailers.</summary>
internal static class ShardReasons
{
    /// <summary>The shard knows other settings of the workspace than the request was made for.</summary>
    public const string StaleSettings = "stale-settings";

    /// <summary>The shard does not hold a partition of the request.</summary>
    public const string NotHeld = "not-held";

    /// <summary>The replica has not yet applied what the caller has seen.</summary>
    public const string NotReached = "not-reached";

    /// <summary>The shard is there, but cannot do this now.</summary>
    public const string Unable = "unable";

    /// <summary>Milliseconds after which to try again; the router says the same to its callers.</summary>
    public const string RetryTrailer = "retry-after-ms";

    private const string ReasonTrailer = "rag-reason";

    public static bool IsStaleSettings(this RpcException error) =>
        error.StatusCode == StatusCode.FailedPrecondition && error.Reason() == StaleSettings;

    public static bool IsNotHeld(this RpcException error) =>
        error.StatusCode == StatusCode.FailedPrecondition && error.Reason() == NotHeld;

    public static bool IsNotReached(this RpcException error) =>
        error.StatusCode == StatusCode.FailedPrecondition && error.Reason() == NotReached;

    /// <summary>Whether UNAVAILABLE is what a shard has said, not what became of the connection.</summary>
    public static bool IsAnswer(this RpcException error) => error.Reason() == Unable;

    public static TimeSpan? RetryAfter(this RpcException error) =>
        long.TryParse(error.Trailers.GetValue(RetryTrailer), out var milliseconds) && milliseconds >= 0
            ? TimeSpan.FromMilliseconds(Math.Min(milliseconds, 3_600_000))
            : null;

    private static string? Reason(this RpcException error) => error.Trailers.GetValue(ReasonTrailer);
}
