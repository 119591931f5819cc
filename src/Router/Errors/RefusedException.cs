namespace Rag.Router.Errors;

/// <summary>A request that is answered with an error. The message is a sentence that says what to do.</summary>
internal sealed class RefusedException(
    RefusalKind kind, string message, IReadOnlyList<Violation>? violations = null, TimeSpan? retryAfter = null,
    Exception? cause = null)
    : Exception(message, cause)
{
    public RefusalKind Kind => kind;

    /// <summary>Fields at fault; empty where the error is not about fields.</summary>
    public IReadOnlyList<Violation> Violations { get; } = violations ?? [];

    /// <summary>When to try again; null where trying again does not help by itself.</summary>
    public TimeSpan? RetryAfter => retryAfter;
}

/// <summary>One field at fault.</summary>
/// <param name="Field">Its path in the request, such as <c>chunks[3].chunk.text</c>.</param>
/// <param name="Description">What is wrong and what to do, as a sentence.</param>
internal readonly record struct Violation(string Field, string Description);

/// <summary>
/// Why a request is refused; one to one with status codes, which only <see cref="RouterStatus"/> knows.
/// </summary>
internal enum RefusalKind
{
    InvalidArgument,
    NotFound,
    AlreadyExists,
    FailedPrecondition,
    Aborted,
    ResourceExhausted,
    Unavailable,
    DataLoss,
    DeadlineExceeded,
    Internal,
}
