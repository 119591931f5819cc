using System.Collections.Concurrent;
using System.Threading.Channels;
using Grpc.Core;
using Rag.Internal.V1;

namespace Rag.Router.Shards.Streams;

/// <summary>
/// One stream of searches to a shard. When it ends, for whatever reason, everything that waits for an answer fails with
/// UNAVAILABLE, and it takes no more. Thread-safe.
/// </summary>
internal sealed class SearchLane : IDisposable
{
    /// <summary>Requests that wait to be written; callers wait when there are more.</summary>
    private const int QueueLength = 256;

    private static readonly WriteOptions MoreComes = new(WriteFlags.BufferHint);

    private readonly ConcurrentDictionary<ulong, TaskCompletionSource<SearchSlicesResponse>> _waiting = new();
    private readonly Channel<SearchStreamRequest> _queue = Channel.CreateBounded<SearchStreamRequest>(
        new BoundedChannelOptions(QueueLength) { SingleReader = true });

    private readonly AsyncDuplexStreamingCall<SearchStreamRequest, SearchStreamResponse> _call;
    private volatile RpcException? _end;
    private ulong _last;

    public SearchLane(ShardService.ShardServiceClient client)
    {
        _call = client.SearchStream();
        _ = Task.Run(WriteAsync);
        _ = Task.Run(ReadAsync);
    }

    /// <summary>It takes no more: why the stream ended.</summary>
    public RpcException? End => _end;

    /// <summary>Asks; fails with nothing but RpcException.</summary>
    public async Task<SearchSlicesResponse> AskAsync(
        SearchSlicesRequest search, DateTime? deadline, CancellationToken cancellationToken)
    {
        var id = Interlocked.Increment(ref _last);
        var answer = new TaskCompletionSource<SearchSlicesResponse>(TaskCreationOptions.RunContinuationsAsynchronously);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var request = new SearchStreamRequest { Id = id, Search = search };
        if (deadline is { } end && end < DateTime.MaxValue)
        {
            var left = end - DateTime.UtcNow;
            if (left <= TimeSpan.Zero)
                throw TooLate();
            stop.CancelAfter(left);
            request.TimeoutMs = Math.Max(1, (long)left.TotalMilliseconds);
        }

        _waiting[id] = answer;
        try
        {
            // It may have ended before the answer was waited for.
            if (_end is { } ended)
                throw Gone(ended);
            await _queue.Writer.WriteAsync(request, stop.Token);
            return await answer.Task.WaitAsync(stop.Token);
        }
        catch (OperationCanceledException)
        {
            // Where there is no room for it the shard stops at the deadline.
            _queue.Writer.TryWrite(new SearchStreamRequest { Id = id });
            throw cancellationToken.IsCancellationRequested
                ? new RpcException(new Status(StatusCode.Cancelled, "The call was cancelled."))
                : TooLate();
        }
        catch (ChannelClosedException)
        {
            throw Gone(_end!);
        }
        finally
        {
            _waiting.TryRemove(id, out _);
        }
    }

    public void Dispose()
    {
        Finish(new RpcException(new Status(StatusCode.Unavailable, "The connection is being closed.")));
        _call.Dispose();
    }

    private async Task WriteAsync()
    {
        try
        {
            await foreach (var request in _queue.Reader.ReadAllAsync())
            {
                _call.RequestStream.WriteOptions = _queue.Reader.TryPeek(out _) ? MoreComes : WriteOptions.Default;
                await _call.RequestStream.WriteAsync(request);
            }
        }
        catch (Exception failure)
        {
            // The reader learns the reason, if there is a better one.
            if (failure is not RpcException)
                Finish(new RpcException(new Status(StatusCode.Unavailable, $"The stream broke: {failure.Message}")));
            _call.Dispose();
        }
    }

    private async Task ReadAsync()
    {
        RpcException end;
        try
        {
            while (await _call.ResponseStream.MoveNext(CancellationToken.None))
                Take(_call.ResponseStream.Current);
            end = new RpcException(new Status(StatusCode.Unavailable, "The shard has ended the stream: it stops."));
        }
        catch (RpcException failure)
        {
            end = failure;
        }
        catch (Exception failure)
        {
            end = new RpcException(new Status(StatusCode.Unavailable, $"The stream broke: {failure.Message}"));
        }

        Finish(end);
        _call.Dispose();
    }

    private void Take(SearchStreamResponse response)
    {
        // Unknown: its caller has given up.
        if (!_waiting.TryRemove(response.Id, out var answer))
            return;
        if (response.ResultCase == SearchStreamResponse.ResultOneofCase.Search)
        {
            answer.TrySetResult(response.Search);
            return;
        }

        var failure = response.Failure ?? new SearchStreamFailure
        {
            Code = (int)StatusCode.Internal, Message = "The shard sent an answer without a result.",
        };
        var trailers = new Grpc.Core.Metadata();
        foreach (var (key, value) in failure.Trailers)
            trailers.Add(key, value);
        answer.TrySetException(new RpcException(new Status((StatusCode)failure.Code, failure.Message), trailers));
    }

    private void Finish(RpcException end)
    {
        if (Interlocked.CompareExchange(ref _end, end, null) is not null)
            return;
        _queue.Writer.TryComplete();
        // Whoever comes from now on sees the end itself.
        foreach (var (_, answer) in _waiting)
            answer.TrySetException(Gone(end));
    }

    private static RpcException Gone(RpcException end) => end.StatusCode == StatusCode.Unimplemented
        ? end
        : new RpcException(new Status(StatusCode.Unavailable, end.Status.Detail, end));

    private static RpcException TooLate() =>
        new(new Status(StatusCode.DeadlineExceeded, "The deadline passed before the shard answered."));
}
