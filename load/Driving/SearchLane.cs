using System.Collections.Concurrent;
using System.Threading.Channels;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Rag.V1;

namespace Rag.Load.Driving;

/// <summary>
/// One search stream: searches that wait to be sent go out together, answers find their callers by number. When it breaks
/// all that are under way fail. Thread-safe.
/// </summary>
internal sealed class SearchLane : IAsyncDisposable
{
    private static readonly WriteOptions More = new(WriteFlags.BufferHint);

    private readonly AsyncDuplexStreamingCall<SearchStreamRequest, SearchStreamResponse> _call;
    private readonly Channel<SearchStreamRequest> _outgoing =
        Channel.CreateUnbounded<SearchStreamRequest>(new UnboundedChannelOptions { SingleReader = true });

    private readonly ConcurrentDictionary<ulong, TaskCompletionSource<SearchResponse>> _waiting = new();
    private readonly Duration _timeout;
    private readonly Task _writing;
    private readonly Task _reading;
    private ulong _lastNumber;
    private volatile RpcException? _broken;

    public SearchLane(AsyncDuplexStreamingCall<SearchStreamRequest, SearchStreamResponse> call, TimeSpan timeout)
    {
        _call = call;
        _timeout = Duration.FromTimeSpan(timeout);
        _writing = Task.Run(WriteAsync);
        _reading = Task.Run(ReadAsync);
    }

    public bool IsBroken => _broken is not null;

    /// <summary>The caller bounds how many are under way.</summary>
    public async Task<SearchResponse> SearchAsync(SearchRequest request, CancellationToken cancellationToken)
    {
        var number = Interlocked.Increment(ref _lastNumber);
        var answer = new TaskCompletionSource<SearchResponse>();
        _waiting[number] = answer;
        try
        {
            if (_broken is { } broken)
                throw broken;
            _outgoing.Writer.TryWrite(new SearchStreamRequest { CorrelationId = number, Search = request, Timeout = _timeout });
            return await (cancellationToken.CanBeCanceled ? answer.Task.WaitAsync(cancellationToken) : answer.Task);
        }
        finally
        {
            _waiting.TryRemove(number, out _);
        }
    }

    public async ValueTask DisposeAsync()
    {
        _outgoing.Writer.TryComplete();
        await _writing;
        await Task.WhenAny(_reading, Task.Delay(TimeSpan.FromSeconds(5)));
        _call.Dispose();
        await _reading;
    }

    private async Task WriteAsync()
    {
        try
        {
            var reader = _outgoing.Reader;
            while (await reader.WaitToReadAsync())
            {
                while (reader.TryRead(out var request))
                {
                    _call.RequestStream.WriteOptions = reader.TryPeek(out _) ? More : WriteOptions.Default;
                    await _call.RequestStream.WriteAsync(request);
                }
            }

            await _call.RequestStream.CompleteAsync();
        }
        catch (Exception failure) when (failure is RpcException or InvalidOperationException or OperationCanceledException)
        {
            // The reader knows why, and tells all that wait.
        }
    }

    private async Task ReadAsync()
    {
        RpcException broken;
        try
        {
            while (await _call.ResponseStream.MoveNext(CancellationToken.None))
                Complete(_call.ResponseStream.Current);
            broken = new RpcException(new Status(StatusCode.Unavailable, "The stream has ended."));
        }
        catch (RpcException failure)
        {
            broken = failure;
        }
        catch (Exception failure)
        {
            broken = new RpcException(new Status(StatusCode.Internal, failure.Message));
        }

        _broken = broken;
        foreach (var answer in _waiting.Values)
            answer.TrySetException(broken);
    }

    private void Complete(SearchStreamResponse response)
    {
        if (!_waiting.TryGetValue(response.CorrelationId, out var answer))
            return;
        if (response.Result?.Response is { } found)
            answer.TrySetResult(found);
        else
            answer.TrySetException(BatchSearcher.ToException(response.Result?.Error));
    }
}
