using System.Diagnostics;

namespace Rag.Embedding.Full;

/// <summary>
/// Computes batches of the background for the thread that takes and delivers them. On a processor they are given to a thread
/// that has what all others leave; what that one does not bring in time, because no core is free for it, a second one
/// computes again, which gets a little in any case, and so it goes on until the first is back. What the first brings late
/// goes nowhere. Where another device computes, one thread feeds it. Used by one thread.
/// </summary>
internal sealed class BackgroundLane
{
    private readonly ITransformer _transformer;
    private readonly TimeSpan _patience;
    private readonly GraphThread _first;
    private GraphThread? _standIn;

    /// <param name="transformer">The graph.</param>
    /// <param name="onCuda">Whether a GPU computes.</param>
    /// <param name="patience">How long a batch is waited for before the second thread has it.</param>
    public BackgroundLane(ITransformer transformer, bool onCuda, TimeSpan patience)
    {
        (_transformer, _patience) = (transformer, onCuda ? Timeout.InfiniteTimeSpan : patience);
        _first = onCuda
            ? new GraphThread(ThreadPriorities.GiveWay, static () => Stopwatch.GetElapsedTime(0))
            : new GraphThread(ThreadPriorities.TakeWhatIsLeft, static () => ThreadClock.Now);
    }

    /// <summary>Ends when its threads have.</summary>
    public Task Ended => Task.WhenAll(_first.Ended, _standIn?.Ended ?? Task.CompletedTask);

    /// <summary>Computes a batch; blocks until it is done.</summary>
    /// <param name="batch">The rows; replaced where a thread may read it for longer.</param>
    /// <param name="vectors">Receives batch.Rows vectors, not yet normalised.</param>
    /// <returns>What it took of a processor; on a GPU, how long it took.</returns>
    public TimeSpan Run(ref PaddedBatch batch, Span<float> vectors)
    {
        // Busy: still at a batch that nobody waits for.
        if (!_first.IsBusy)
        {
            if (TryRun(_first, batch, _patience, vectors, out var used))
                return used;
            batch = batch.Copy();
        }

        _standIn ??= new GraphThread(ThreadPriorities.GiveWay, static () => ThreadClock.Now);
        TryRun(_standIn, batch, Timeout.InfiniteTimeSpan, vectors, out var usedBySecond);
        return usedBySecond;
    }

    /// <summary>Lets its threads end; nothing may be under way.</summary>
    public void Close()
    {
        _first.Close();
        _standIn?.Close();
    }

    private bool TryRun(GraphThread thread, PaddedBatch batch, TimeSpan patience, Span<float> vectors, out TimeSpan used)
    {
        var run = _transformer.Prepare(batch);
        var isOurs = true;
        try
        {
            isOurs = thread.TryCompute(run, patience, out used);
            if (isOurs)
                run.Read(vectors);
            return isOurs;
        }
        finally
        {
            if (isOurs)
                run.Dispose();
        }
    }
}
