namespace Rag.Engine.Storage;

/// <summary>What the log's commit loop is asked to do.</summary>
internal abstract class LogRequest
{
    public abstract void Fail(Exception exception);
}

/// <summary>A record on its way through the log, and the caller who waits for it.</summary>
internal sealed class AppendRequest(LogRecord record, AppendGroup? group = null) : LogRequest
{
    // What a waiting record costs besides its payload.
    private const int OverheadBytes = 256;

    private const int Waiting = 0;
    private const int Taken = 1;
    private const int Withdrawn = 2;

    private readonly TaskCompletionSource<ulong> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _state;

    public LogRecord Record { get; } = record;

    /// <summary>Bytes that the record is counted with while it is on its way.</summary>
    public int Cost => Record.Payload.Length + OverheadBytes;

    /// <summary>Whether the gate has let it in; the gate's alone.</summary>
    public bool IsAdmitted { get; set; }

    /// <summary>Given by the commit.</summary>
    public ulong Sequence { get; set; }

    public Task<ulong> Completion => _completion.Task;

    /// <summary>Claims the request for a commit; false if its caller has withdrawn it.</summary>
    public bool TryTake()
    {
        if (Interlocked.CompareExchange(ref _state, Taken, Waiting) != Waiting)
            return false;
        if (group?.Failure is not { } failure)
            return true;
        Fail(failure);
        return false;
    }

    /// <summary>Withdraws the request if no commit has claimed it yet.</summary>
    public void Withdraw(CancellationToken cancellationToken)
    {
        if (Interlocked.CompareExchange(ref _state, Withdrawn, Waiting) == Waiting)
            _completion.TrySetCanceled(cancellationToken);
    }

    public void Complete() => _completion.TrySetResult(Sequence);

    public override void Fail(Exception exception)
    {
        // First: none that follows in the group may be taken by a later commit.
        if (group is not null)
            group.Failure = exception;
        _completion.TrySetException(exception);
    }
}

/// <summary>Records that are appended in their order without a gap: after one that failed none is.</summary>
internal sealed class AppendGroup
{
    private Exception? _failure;

    public Exception? Failure
    {
        get => Volatile.Read(ref _failure);
        set => Volatile.Write(ref _failure, value);
    }
}

/// <summary>A position before which the log is not needed any more.</summary>
internal sealed class TruncateRequest(long position) : LogRequest
{
    private readonly TaskCompletionSource _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public long Position => position;

    public Task Completion => _completion.Task;

    public void Complete() => _completion.TrySetResult();

    public override void Fail(Exception exception) => _completion.TrySetException(exception);
}
