using System.Threading.Channels;

namespace Rag.Engine;

/// <summary>
/// Keeps full vectors that are in no snapshot yet within a part of the store's memory while many small slices are filled:
/// those that were written first go to snapshots, which cost their own size each. What the slices do not allow, since only
/// a little of each is new, waits for the log's own limit. Thread-safe; its loop is the store's, which awaits its end.
/// </summary>
internal sealed class RecentKeeper(StoreContext context, SliceCatalog catalog, Checkpointer checkpointer)
{
    // Of the memory cap: a twelfth. Twice as much, and it is done as fast as it can be, whoever searches beside it.
    private const int CapShare = 12;
    private const int UrgentTimes = 2;

    private static readonly TimeSpan MostTime = TimeSpan.FromSeconds(2);

    // Where too little of each slice is new it is not tried again at once.
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(5);

    private readonly Channel<bool> _full = Channel.CreateBounded<bool>(1);

    private long LimitBytes => context.Options.MemoryCapBytes / CapShare;

    /// <summary>Looks whether there is too much; called after writes.</summary>
    public void Note()
    {
        if (catalog.RecentBytes > LimitBytes)
            _full.Writer.TryWrite(true);
    }

    public async Task RunAsync(CancellationToken stopping)
    {
        try
        {
            while (true)
            {
                await _full.Reader.ReadAsync(stopping);
                if (!await SaveAsync(stopping) && catalog.RecentBytes > LimitBytes)
                    await Task.Delay(Pause, context.Time, stopping);
                else
                    Note();
            }
        }
        catch (OperationCanceledException)
        {
            // The store is closing.
        }
    }

    // False if there was nothing to save.
    private async Task<bool> SaveAsync(CancellationToken stopping)
    {
        try
        {
            var before = catalog.RecentBytes;
            await checkpointer.SaveRecentAsync(MostTime, before > UrgentTimes * LimitBytes, LimitBytes / 2, stopping);
            return catalog.RecentBytes < before;
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            StoreLog.MaintenanceFailed(context.Logger, exception);
            return false;
        }
    }
}
