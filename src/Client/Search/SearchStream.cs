using System.Collections.Concurrent;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Rag.V1;

namespace Rag.Client;

/// <summary>
/// Many searches over one stream. Each caller gets its own answer, in whatever order they come; a failed search fails
/// only itself. When the stream breaks, all that are under way fail and so does every later one: open another.
/// Thread-safe.
/// </summary>
public sealed class SearchStream : IAsyncDisposable
{
    private readonly AsyncDuplexStreamingCall<SearchStreamRequest, SearchStreamResponse> _call;
    private readonly CancellationTokenSource _stop;
    private readonly SemaphoreSlim _inFlight;
    private readonly SemaphoreSlim _writing = new(1, 1);
    private readonly ConcurrentDictionary<ulong, TaskCompletionSource<SearchResponse>> _waiting = new();
    private readonly Task _reading;
    private ulong _lastId;
    private volatile RagException? _broken;
    private int _disposed;

    internal SearchStream(
        AsyncDuplexStreamingCall<SearchStreamRequest, SearchStreamResponse> call, int maxInFlight,
        CancellationTokenSource stop)
    {
        _call = call;
        _stop = stop;
        _inFlight = new SemaphoreSlim(maxInFlight, maxInFlight);
        _reading = ReadAsync();
    }

    /// <summary>One search. Cancelling it gives up waiting; the stream goes on.</summary>
    /// <param name="timeout">How long the server may take; null: no limit but the caller's patience.</param>
    public async Task<SearchResponse> SearchAsync(
        string workspace, SearchQuery query, TimeSpan? timeout = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(query);
        await _inFlight.WaitAsync(cancellationToken);
        try
        {
            var request = new SearchStreamRequest
            {
                CorrelationId = Interlocked.Increment(ref _lastId),
                Search = query.ToRequest(workspace),
                Timeout = timeout is { } limit ? Duration.FromTimeSpan(limit) : null,
            };
            var answer = new TaskCompletionSource<SearchResponse>(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting[request.CorrelationId] = answer;
            try
            {
                // Looked at after the entry above: whoever breaks the stream fails the entries that it finds.
                if (_broken is { } broken)
                    throw broken;
                await WriteAsync(request, cancellationToken);
                return await answer.Task.WaitAsync(cancellationToken);
            }
            finally
            {
                _waiting.TryRemove(request.CorrelationId, out _);
            }
        }
        finally
        {
            _inFlight.Release();
        }
    }

    /// <summary>Lets searches that are under way finish, then closes the stream.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        try
        {
            await _writing.WaitAsync();
            try
            {
                if (_broken is null)
                    await _call.RequestStream.CompleteAsync();
            }
            finally
            {
                _writing.Release();
            }

            await _reading;
        }
        catch (RpcException)
        {
            // It was broken already, and whoever waited has been told.
        }

        await _stop.CancelAsync();
        _call.Dispose();
        _stop.Dispose();
    }

    private async Task WriteAsync(SearchStreamRequest request, CancellationToken cancellationToken)
    {
        await _writing.WaitAsync(cancellationToken);
        try
        {
            ObjectDisposedException.ThrowIf(_disposed != 0, this);
            // Not cancelled by one caller: half a message would break the stream for all.
            await _call.RequestStream.WriteAsync(request);
        }
        catch (Exception failure) when (failure is RpcException or InvalidOperationException and not ObjectDisposedException)
        {
            // The reader knows why the stream ended and has told, or will tell, this search too.
        }
        finally
        {
            _writing.Release();
        }
    }

    private async Task ReadAsync()
    {
        // Never on the caller's thread: an in-process stream would be read before anybody can write to it.
        await Task.Yield();
        RagException broken;
        try
        {
            while (await _call.ResponseStream.MoveNext(CancellationToken.None))
                Complete(_call.ResponseStream.Current);
            broken = new RagException(StatusCode.Unavailable, "The search stream has ended: open another one.");
        }
        catch (RpcException failure)
        {
            broken = RagException.From(failure);
        }
        catch (Exception failure)
        {
            broken = new RagException(StatusCode.Internal, $"The search stream broke: {failure.Message}", failure);
        }

        _broken = broken;
        foreach (var answer in _waiting.Values)
            answer.TrySetException(broken);
    }

    private void Complete(SearchStreamResponse response)
    {
        if (!_waiting.TryGetValue(response.CorrelationId, out var answer))
            return; // Its caller did not wait for it.
        if (response.Result?.OutcomeCase == SearchResult.OutcomeOneofCase.Response)
            answer.TrySetResult(response.Result.Response);
        else
            answer.TrySetException(new RagException(
                (StatusCode)(response.Result?.Error?.Code ?? (int)StatusCode.Internal),
                response.Result?.Error?.Message ?? "The server answered without a result."));
    }
}
