namespace Rag.Router.Errors;

/// <summary>Makes refusals; the caller throws them.</summary>
internal static class Refuse
{
    /// <summary>When a shard that is away, or a queue that is full, is worth another try.</summary>
    public static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);

    public static RefusedException Invalid(string field, string description) =>
        new(RefusalKind.InvalidArgument, $"{field}: {description}", [new Violation(field, description)]);

    public static RefusedException NotFound(string message) => new(RefusalKind.NotFound, message);

    public static RefusedException Precondition(string message) => new(RefusalKind.FailedPrecondition, message);

    public static RefusedException Aborted(string message) => new(RefusalKind.Aborted, message);

    public static RefusedException Unavailable(string message, Exception? cause = null) =>
        new(RefusalKind.Unavailable, message, retryAfter: RetryDelay, cause: cause);

    public static RefusedException Exhausted(string message) =>
        new(RefusalKind.ResourceExhausted, message, retryAfter: RetryDelay);

    public static RefusedException NoWorkspace(string name) =>
        NotFound($"There is no workspace '{name}': create it first, or check the name.");
}
