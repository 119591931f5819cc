using Grpc.Core;
using Grpc.Framing;

namespace Grpc.AspNetCore.Server;

/// <summary>The requests of a call over HTTP. One reader at a time.</summary>
internal sealed class HttpRequestStream<T> : IAsyncStreamReader<T>
    where T : class
{
    private static readonly Task<bool> True = Task.FromResult(true);
    private static readonly Task<bool> False = Task.FromResult(false);

    private readonly HttpServerCallContext _call;
    private readonly MessageReader<T> _reader;
    private CancellationToken _cancelled;
    private T? _current;
    private bool _released;
    private bool _ended;

    public HttpRequestStream(HttpServerCallContext call, Func<DeserializationContext, T> deserializer)
    {
        _call = call;
        _reader = new MessageReader<T>(
            call.Http.Request.BodyReader, deserializer, call.Settings.Limits, call.Compression.OfRequests);
        call.CompressionProbe = () => _reader.WasCompressed;
    }

    public T Current => _current ?? throw new InvalidOperationException("There is no current message.");

    public long Count => _reader.Count;

    public Task<bool> MoveNext(CancellationToken cancellationToken)
    {
        if (_released)
            throw new InvalidOperationException("The call has ended; its requests cannot be read any more.");
        if (_ended)
            return False;
        if (!_cancelled.CanBeCanceled)
            _cancelled = _call.CancellationToken;
        if (!_cancelled.IsCancellationRequested && _reader.TryReadBuffered(out var message))
        {
            _current = message;
            return True;
        }

        return WaitAsync(cancellationToken);
    }

    public async ValueTask<T> ReadSingleAsync()
    {
        try
        {
            return await _reader.ReadSingleAsync(default);
        }
        catch (IOException) when (_call.IsCancelled)
        {
            throw new OperationCanceledException("The client cancelled the call.");
        }
    }

    /// <summary>Hands the request's body back to the server; no read may follow.</summary>
    public void Release()
    {
        _released = true;
        _reader.Release();
    }

    private async Task<bool> WaitAsync(CancellationToken cancellationToken)
    {
        _cancelled.ThrowIfCancellationRequested();
        var linked = cancellationToken.CanBeCanceled && cancellationToken != _cancelled
            ? CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _cancelled)
            : null;
        try
        {
            if (await _reader.WaitAsync(linked?.Token ?? _cancelled) && _reader.TryReadBuffered(out var message))
            {
                _current = message;
                return true;
            }

            _ended = true;
            _current = null;
            return false;
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            _cancelled.ThrowIfCancellationRequested();
            if (_call.IsCancelled)
                throw new OperationCanceledException("The client cancelled the call.");
            throw;
        }
        finally
        {
            linked?.Dispose();
        }
    }
}
