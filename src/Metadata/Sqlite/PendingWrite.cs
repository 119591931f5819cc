namespace Rag.Metadata.Sqlite;

/// <summary>A write in the writer's queue. Its outcome is published only after the transaction is committed.</summary>
internal abstract class PendingWrite(bool durable, CancellationToken cancellationToken)
{
    public bool Durable => durable;

    /// <summary>The caller left before the write began: it is not done at all.</summary>
    public bool IsCancelled => cancellationToken.IsCancellationRequested;

    protected CancellationToken Token => cancellationToken;

    public abstract void Run(SqliteSession session);

    /// <summary>This write failed, but the transaction goes on.</summary>
    public abstract void Refuse(Exception error);

    public abstract void Publish();

    public abstract void Fail(Exception error);
}

internal sealed class PendingWrite<T>(Func<SqliteSession, T> write, bool durable, CancellationToken cancellationToken)
    : PendingWrite(durable, cancellationToken)
{
    private readonly TaskCompletionSource<T> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private T _result = default!;
    private Exception? _error;
    private bool _ran;

    public Task<T> Completion => _completion.Task;

    public override void Run(SqliteSession session)
    {
        _result = write(session);
        _ran = true;
    }

    public override void Refuse(Exception error) => _error = error;

    public override void Publish()
    {
        if (_error is not null)
            _completion.TrySetException(_error);
        else if (_ran)
            _completion.TrySetResult(_result);
        else
            _completion.TrySetCanceled(Token);
    }

    public override void Fail(Exception error) => _completion.TrySetException(_error ?? error);
}
