namespace Rag.Embedding.Full;

/// <summary>
/// One caller's texts on their way through the batches. Ends once: when its last row is delivered, when it fails, or
/// when it is cancelled; nothing is written to the caller's memory after that. Safe for concurrent use.
/// </summary>
internal sealed class EncodeCall
{
    private readonly TaskCompletionSource<TimeSpan> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _gate = new();
    private readonly Memory<float> _destination;
    private readonly int _dimension;
    private readonly CancellationTokenRegistration _registration;
    private int _remaining;
    private TimeSpan _used;
    private volatile bool _isOver;

    /// <summary>Creates a call for <paramref name="texts"/> rows, at least 1.</summary>
    public EncodeCall(Memory<float> destination, int dimension, int texts, CancellationToken cancellationToken)
    {
        _destination = destination;
        _dimension = dimension;
        _remaining = texts;
        _registration = cancellationToken.UnsafeRegister(
            static (state, token) => ((EncodeCall)state!).Cancel(token), this);
    }

    /// <summary>Ends with the call, and says how much time of a processor its rows took, as far as that was told.</summary>
    public Task<TimeSpan> Completion => _completion.Task;

    /// <summary>Whether computing its rows is a waste by now.</summary>
    public bool IsOver => _isOver;

    /// <summary>Copies a finished vector to its row; once for each row.</summary>
    /// <param name="row">Which row.</param>
    /// <param name="vector">Its vector.</param>
    /// <param name="used">What it took of a processor.</param>
    public void Deliver(int row, ReadOnlySpan<float> vector, TimeSpan used = default)
    {
        lock (_gate)
        {
            if (_isOver)
                return;
            vector.CopyTo(_destination.Span.Slice(row * _dimension, _dimension));
            _used += used;
            if (--_remaining > 0)
                return;
            _isOver = true;
        }

        _registration.Dispose();
        _completion.TrySetResult(_used);
    }

    /// <summary>Ends the call with an error.</summary>
    public void Fail(Exception error)
    {
        if (!End())
            return;
        _registration.Dispose();
        _completion.TrySetException(error);
    }

    private void Cancel(CancellationToken cancellationToken)
    {
        if (End())
            _completion.TrySetCanceled(cancellationToken);
    }

    private bool End()
    {
        lock (_gate)
        {
            if (_isOver)
                return false;
            _isOver = true;
            return true;
        }
    }
}
