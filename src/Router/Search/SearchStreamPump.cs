using System.Threading.Channels;
using Grpc.Core;
using Rag.V1;

namespace Rag.Router.Search;

/// <summary>
/// Serves one search stream: as many readers as cores take turns at its messages, and each searches at once what it has
/// read, so that a search by vector in this process meets no queue between the socket and the index and others go on
/// meanwhile; searches that wait for somebody go on by themselves. Answers leave as they are ready, together where several
/// are.
/// <code>
/// messages ──► a place free? ──► search ──► answers ──► one writer, which frees the place
/// </code>
/// A caller that does not read its answers is not read from either once all places are taken.
/// </summary>
internal sealed class SearchStreamPump(
    IAsyncStreamReader<SearchStreamRequest> requests, IServerStreamWriter<SearchStreamResponse> responses, int places,
    Func<SearchStreamRequest, Task<SearchResult>> search)
{
    private static readonly WriteOptions More = new(WriteFlags.BufferHint);

    private readonly SemaphoreSlim _free = new(places, places);
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly Channel<SearchStreamResponse> _answers =
        Channel.CreateUnbounded<SearchStreamResponse>(new UnboundedChannelOptions { SingleReader = true });

    private int _underWay = 1; // the stream itself, until it was read to its end
    private bool _isRead;

    /// <summary>Returns when every search has been answered.</summary>
    /// <exception cref="OperationCanceledException">The call is over before.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var readers = new Task[Math.Min(Environment.ProcessorCount, places)];
        for (var i = 0; i < readers.Length; i++)
            readers[i] = ReadAsync(stop.Token);
        var reading = EndReadingAsync(readers);
        try
        {
            await WriteAsync(stop.Token);
        }
        catch
        {
            await stop.CancelAsync();
            await reading.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
            throw;
        }

        await reading;
    }

    private async Task EndReadingAsync(Task[] readers)
    {
        try
        {
            await Task.WhenAll(readers);
        }
        catch (Exception failure)
        {
            _answers.Writer.TryComplete(failure);
            throw;
        }

        End();
    }

    private async Task ReadAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            SearchStreamRequest item;
            await _turn.WaitAsync(cancellationToken);
            try
            {
                if (_isRead)
                    return;
                await _free.WaitAsync(cancellationToken);
                if (!await requests.MoveNext(cancellationToken))
                {
                    _isRead = true;
                    return;
                }

                item = requests.Current;
            }
            finally
            {
                _turn.Release();
            }

            Interlocked.Increment(ref _underWay);
            var answer = search(item);
            if (answer.IsCompletedSuccessfully)
                Answer(item, answer.Result);
            else
                _ = AwaitAsync(item, answer);
        }
    }

    private async Task AwaitAsync(SearchStreamRequest item, Task<SearchResult> answer)
    {
        try
        {
            Answer(item, await answer);
        }
        catch (Exception failure)
        {
            // Only the end of the whole call gets here: what befalls one search is in its result.
            _answers.Writer.TryComplete(failure);
        }
    }

    private void Answer(SearchStreamRequest item, SearchResult result)
    {
        _answers.Writer.TryWrite(new SearchStreamResponse { CorrelationId = item.CorrelationId, Result = result });
        End();
    }

    private void End()
    {
        if (Interlocked.Decrement(ref _underWay) == 0)
            _answers.Writer.TryComplete();
    }

    private async Task WriteAsync(CancellationToken cancellationToken)
    {
        var answers = _answers.Reader;
        while (await answers.WaitToReadAsync(cancellationToken))
        {
            while (answers.TryRead(out var answer))
            {
                responses.WriteOptions = answers.TryPeek(out _) ? More : WriteOptions.Default;
                await responses.WriteAsync(answer, cancellationToken);
                _free.Release();
            }
        }
    }
}
