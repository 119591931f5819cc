using Grpc.Core;
using Rag.Router.Wire;

namespace Rag.Router.Search;

/// <summary>
/// Serves one search stream: as many readers as cores take turns at its messages. A turn takes what has come, some searches
/// at most, and answers at once on its own thread those that can be; so a search by vector in this process meets no queue
/// and no other thread between the socket and the index. Searches that wait for somebody go on by themselves. Answers leave
/// as they are ready, those of one turn together.
/// <code>
/// messages ──► a place free? ──► a turn: search at once │ in the usual way ──► answers ──► whoever writes, writes all
/// </code>
/// A caller that does not read its answers is not read from either once all places are taken.
/// </summary>
internal sealed class SearchStreamPump(
    IAsyncStreamReader<SearchCall> calls, IServerStreamWriter<SearchAnswer> answers, int places,
    ISearchStreamHandler handler)
{
    /// <summary>More would keep searches waiting behind long ones while another core is idle.</summary>
    private const int MaxTurn = 16;

    private static readonly WriteOptions More = new(WriteFlags.BufferHint);

    private readonly SemaphoreSlim _free = new(places, places);
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _quiet = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _gate = new();
    private List<SearchAnswer> _ready = [];
    private List<SearchAnswer> _written = [];
    private CancellationToken _stopped;
    private Task<bool>? _next; // a message that a turn did not wait for; only in turn
    private int _underWay = 1; // the stream itself, until it was read to its end
    private bool _isWriting; // this and the next under the gate
    private bool _isClosed;
    private bool _isRead;

    /// <summary>Returns when every search has been answered.</summary>
    /// <exception cref="OperationCanceledException">The call is over before.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _stopped = stop.Token;
        var readers = new Task[Math.Min(Environment.ProcessorCount, places)];
        for (var i = 0; i < readers.Length; i++)
            readers[i] = ReadAsync();
        var reading = EndReadingAsync(readers);
        try
        {
            await _ended.Task;
        }
        finally
        {
            // Nobody may read or write once the handler has returned.
            await stop.CancelAsync();
            await reading;
            await EndWritingAsync();
        }
    }

    private async Task EndWritingAsync()
    {
        lock (_gate)
        {
            _isClosed = true;
            if (!_isWriting)
                return;
        }

        await _quiet.Task;
    }

    private async Task EndReadingAsync(Task[] readers)
    {
        try
        {
            await Task.WhenAll(readers);
            End(1);
        }
        catch (Exception failure)
        {
            _ended.TrySetException(failure);
        }

        if (_next is { } next)
            await ((Task)next).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task ReadAsync()
    {
        // They run beside one another from the first message on.
        await Task.Yield();
        var turn = new SearchCall[Math.Min(MaxTurn, places)];
        var ready = new List<SearchAnswer>(turn.Length);
        while (true)
        {
            int count;
            await _turn.WaitAsync(_stopped);
            try
            {
                if (_isRead)
                    return;
                await _free.WaitAsync(_stopped);
                count = await TakeAsync(turn);
            }
            catch
            {
                _isRead = true;
                throw;
            }
            finally
            {
                _turn.Release();
            }

            Answer(turn.AsSpan(0, count), ready);
        }
    }

    /// <summary>Takes what is there, and waits only for the first. A place was taken for it.</summary>
    private async ValueTask<int> TakeAsync(SearchCall[] turn)
    {
        var count = 0;
        var next = _next ?? calls.MoveNext(_stopped);
        _next = null;
        while (true)
        {
            if (count > 0 && !next.IsCompletedSuccessfully)
            {
                _next = next;
                _free.Release();
                return count;
            }

            if (!await next)
            {
                _isRead = true;
                _free.Release();
                return count;
            }

            turn[count++] = calls.Current;
            if (count == turn.Length || !_free.Wait(0, CancellationToken.None))
                return count;
            next = calls.MoveNext(_stopped);
        }
    }

    private void Answer(ReadOnlySpan<SearchCall> turn, List<SearchAnswer> ready)
    {
        var arrived = DateTime.UtcNow;
        Interlocked.Add(ref _underWay, turn.Length);
        foreach (var call in turn)
        {
            if (handler.TryAnswer(call, arrived) is { } answer)
            {
                ready.Add(answer);
                continue;
            }

            var task = handler.AnswerAsync(call, arrived);
            if (task.IsCompletedSuccessfully)
                ready.Add(task.Result);
            else
                _ = AwaitAsync(task);
        }

        Write(ready);
        ready.Clear();
    }

    private async Task AwaitAsync(Task<SearchAnswer> answer)
    {
        try
        {
            Write([await answer]);
        }
        catch (Exception failure)
        {
            // Only the end of the whole call gets here: what befalls one search is in its result.
            _ended.TrySetException(failure);
        }
    }

    private void Write(List<SearchAnswer> ready)
    {
        if (ready.Count == 0)
            return;
        lock (_gate)
        {
            _ready.AddRange(ready);
            if (_isWriting || _isClosed)
                return;
            _isWriting = true;
        }

        _ = WriteAsync();
    }

    private async Task WriteAsync()
    {
        try
        {
            while (TryTakeReady())
            {
                var count = _written.Count;
                for (var i = 0; i < count; i++)
                {
                    answers.WriteOptions = i + 1 < count ? More : WriteOptions.Default;
                    await answers.WriteAsync(_written[i], _stopped);
                }

                _written.Clear();
                _free.Release(count);
                End(count);
            }
        }
        catch (Exception failure)
        {
            lock (_gate)
            {
                _isClosed = true;
                _isWriting = false;
            }

            _quiet.TrySetResult();
            _ended.TrySetException(failure);
        }
    }

    private bool TryTakeReady()
    {
        lock (_gate)
        {
            _isWriting = _ready.Count > 0 && !_isClosed;
            if (_isClosed)
                _quiet.TrySetResult();
            else
                (_ready, _written) = (_written, _ready);
            return _isWriting;
        }
    }

    private void End(int count)
    {
        if (Interlocked.Add(ref _underWay, -count) == 0)
            _ended.TrySetResult();
    }
}
