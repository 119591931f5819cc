namespace Grpc.Core;

/// <summary>Which properties of the call being served a call made meanwhile takes over.</summary>
public class ContextPropagationOptions(bool propagateDeadline = true, bool propagateCancellation = true)
{
    /// <summary>Both.</summary>
    public static readonly ContextPropagationOptions Default = new();

    /// <summary>Whether the deadline is taken over.</summary>
    public bool IsPropagateDeadline { get; } = propagateDeadline;

    /// <summary>Whether cancelling the served call cancels the made one.</summary>
    public bool IsPropagateCancellation { get; } = propagateCancellation;
}

/// <summary>Deadline and cancellation of a call being served, for the calls that serving it needs.</summary>
public sealed class ContextPropagationToken
{
    internal ContextPropagationToken(DateTime? deadline, CancellationToken cancellationToken)
    {
        Deadline = deadline;
        CancellationToken = cancellationToken;
    }

    internal DateTime? Deadline { get; }

    internal CancellationToken CancellationToken { get; }
}
