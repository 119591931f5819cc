namespace Grpc.Core;

/// <summary>Options of one call on the client. Immutable; the With… methods return changed copies.</summary>
public readonly struct CallOptions
{
    /// <summary>Options as generated code passes them.</summary>
    /// <param name="headers">Metadata to send; unchanged until the call ends.</param>
    /// <param name="deadline">When the call fails with DEADLINE_EXCEEDED; converted to UTC. Null: never.</param>
    /// <param name="cancellationToken">Cancels the call here and on the server.</param>
    /// <param name="writeOptions">Options of the messages sent.</param>
    /// <param name="propagationToken">Takes over deadline and cancellation of the call that is being served.</param>
    /// <param name="credentials">Credentials of this call, besides the channel's.</param>
    public CallOptions(Metadata? headers = null, DateTime? deadline = null,
        CancellationToken cancellationToken = default, WriteOptions? writeOptions = null,
        ContextPropagationToken? propagationToken = null, CallCredentials? credentials = null)
    {
        Headers = headers;
        Deadline = deadline;
        CancellationToken = cancellationToken;
        WriteOptions = writeOptions;
        PropagationToken = propagationToken;
        Credentials = credentials;
    }

    /// <summary>Metadata to send, or null.</summary>
    public Metadata? Headers { get; private init; }

    /// <summary>The deadline, or null for none.</summary>
    public DateTime? Deadline { get; private init; }

    /// <summary>Cancels the call.</summary>
    public CancellationToken CancellationToken { get; private init; }

    /// <summary>Options of the messages sent, or null.</summary>
    public WriteOptions? WriteOptions { get; private init; }

    /// <summary>Deadline and cancellation of the call that is being served, or null.</summary>
    public ContextPropagationToken? PropagationToken { get; private init; }

    /// <summary>Credentials of this call, or null.</summary>
    public CallCredentials? Credentials { get; private init; }

    /// <summary>
    /// Whether the caller asked to wait for a connection. Kept for source compatibility and without effect: a call
    /// waits for a connection being made and fails with UNAVAILABLE when that fails.
    /// </summary>
    public bool IsWaitForReady { get; private init; }

    /// <summary>A copy with other metadata.</summary>
    public CallOptions WithHeaders(Metadata headers) => this with { Headers = headers };

    /// <summary>A copy with another deadline.</summary>
    public CallOptions WithDeadline(DateTime deadline) => this with { Deadline = deadline };

    /// <summary>A copy with another token.</summary>
    public CallOptions WithCancellationToken(CancellationToken cancellationToken) =>
        this with { CancellationToken = cancellationToken };

    /// <summary>A copy with other write options.</summary>
    public CallOptions WithWriteOptions(WriteOptions writeOptions) => this with { WriteOptions = writeOptions };

    /// <summary>A copy that takes over deadline and cancellation of the call being served.</summary>
    public CallOptions WithPropagationToken(ContextPropagationToken propagationToken) =>
        this with { PropagationToken = propagationToken };

    /// <summary>A copy with other credentials.</summary>
    public CallOptions WithCredentials(CallCredentials credentials) => this with { Credentials = credentials };

    /// <summary>A copy with the wish to wait for a connection; see <see cref="IsWaitForReady"/>.</summary>
    public CallOptions WithWaitForReady(bool waitForReady = true) => this with { IsWaitForReady = waitForReady };
}
