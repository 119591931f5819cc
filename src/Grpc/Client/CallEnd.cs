using Grpc.Core;

namespace Grpc.Net.Client;

/// <summary>How a call ended, decided once, and the headers that came before. Thread-safe.</summary>
internal sealed class CallEnd
{
    private readonly Lock _gate = new();
    private Action? _onEnd;
    private TaskCompletionSource<Metadata>? _headersSource;
    private Metadata? _headers;
    private Func<Exception>? _headersFailure;
    private Status _status;
    private Metadata _trailers = Metadata.Empty;
    private volatile bool _ended;

    public bool HasEnded => _ended;

    public Status Status => _ended
        ? _status
        : throw new InvalidOperationException("The call has not ended; its status is not known yet.");

    public Metadata Trailers => _ended
        ? _trailers
        : throw new InvalidOperationException("The call has not ended; its trailers are not known yet.");

    public Task<Metadata> ResponseHeadersAsync
    {
        get
        {
            lock (_gate)
            {
                if (_headers is not null)
                    return Task.FromResult(_headers);
                if (_headersFailure is not null)
                    return Task.FromException<Metadata>(_headersFailure());
                _headersSource ??= new(TaskCreationOptions.RunContinuationsAsynchronously);
                return _headersSource.Task;
            }
        }
    }

    /// <summary>Sets what lets go of the call's resources; called once.</summary>
    public void OnEnd(Action release) => _onEnd = release;

    public bool TryEnd(Status status, Metadata trailers)
    {
        lock (_gate)
        {
            if (_ended)
                return false;
            _status = status;
            _trailers = trailers;
            _ended = true;
            return true;
        }
    }

    public void Release() => _onEnd?.Invoke();

    public void SetHeaders(Metadata headers)
    {
        TaskCompletionSource<Metadata>? source;
        lock (_gate)
        {
            _headers ??= headers;
            source = _headersSource;
        }

        source?.TrySetResult(headers);
    }

    /// <summary>Makes waiting for headers fail, if they have not come.</summary>
    public void FailHeaders(Func<Exception> exception)
    {
        TaskCompletionSource<Metadata>? source;
        lock (_gate)
        {
            if (_headers is not null)
                return;
            _headersFailure = exception;
            source = _headersSource;
        }

        if (source is not null && source.TrySetException(exception()))
            _ = source.Task.Exception; // Whoever does not await the headers learns it elsewhere.
    }
}
