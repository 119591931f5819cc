using System.Collections.Concurrent;
using Rag.Engine.Indexing;
using Rag.Engine.Slices;

namespace Rag.Engine;

/// <summary>
/// Keeps only so many mapped pages of small slices in the process: codes and full vectors that are read where the last
/// snapshot has them. Whoever warms a slice cools another one that was not used lately, so there is no pause for it, and
/// no slice's index has to be made anew. Thread-safe, without locks.
/// <code>
/// cold ─ first use ─▶ used ─ the hand passes ─▶ warm ─ the hand passes ─▶ cold, pages released
///                      ▲                          │
///                      └────────── use ───────────┘
/// </code>
/// A slice is counted with all that it maps since its last snapshot, so the figure is a bound of what is there. Slices that
/// map more than <see cref="MaxSliceBytes"/> are left to the system: to bring back a few of their pages at a time costs more.
/// </summary>
internal sealed class PageKeeper(EpochGuard guard, long capBytes)
{
    /// <summary>Part of the memory cap that is for such pages: a sixth.</summary>
    internal const int CapShare = 6;

    // Five times the time of a search of that size to bring all of it back.
    internal const long MaxSliceBytes = 1L << 20;

    // One use moves the hand so far at most; two are cooled for one that is warmed, until all is in bounds.
    private const int MaxSteps = 16;
    private const int MaxCooled = 2;

    private readonly ConcurrentQueue<SliceEntry> _ring = new();
    private long _bytes;

    /// <summary>Bytes of slices that are not cold.</summary>
    public long Bytes => Interlocked.Read(ref _bytes);

    public long CapBytes => capBytes;

    /// <summary>Notes that a slice is used. Inside the epoch, or under the entry's monitor.</summary>
    public void Note(SliceEntry entry, Slice slice)
    {
        if (entry.Pages == PageState.Used)
            return;
        if (entry.TryMove(PageState.Warm, PageState.Used))
            return;
        var bytes = CountedBytes(slice);
        if (bytes == 0 || !entry.TryMove(PageState.Cold, PageState.Used))
            return;
        Set(entry, bytes);
        ForgetOne();
        _ring.Enqueue(entry);
        if (Bytes > capBytes)
            Cool();
    }

    /// <summary>Counts anew what a slice maps, or that it is gone. Under the entry's monitor.</summary>
    public void Recount(SliceEntry entry, Slice? slice)
    {
        if (slice is null)
            Set(entry, 0);
        else if (entry.Pages == PageState.Cold)
            Note(entry, slice);
        else
            Set(entry, CountedBytes(slice));
    }

    /// <summary>What a slice maps: codes and vectors of its spaces.</summary>
    public static long MappedBytes(Slice slice)
    {
        var bytes = 0L;
        foreach (var space in slice.Spaces)
            bytes += (space.Index.Mapped?.MappedBytes ?? 0) + (space.Index.Rows.Mapped?.MappedBytes ?? 0);
        return bytes;
    }

    private static long CountedBytes(Slice slice) => MappedBytes(slice) is var bytes and <= MaxSliceBytes ? bytes : 0;

    private void Set(SliceEntry entry, long bytes) => Interlocked.Add(ref _bytes, bytes - entry.SwapPageBytes(bytes));

    // One that comes looks at one that was there, so that those that are gone do not stay in the ring.
    private void ForgetOne()
    {
        if (!_ring.TryDequeue(out var first))
            return;
        if (first.Loaded is not null)
        {
            _ring.Enqueue(first);
            return;
        }

        Set(first, 0);
        first.Pages = PageState.Cold;
    }

    private void Cool()
    {
        // Nothing that is in sight now is unmapped before the slot is left: what lies at its address is its own.
        var slot = guard.Enter();
        try
        {
            var cooled = 0;
            for (var step = 1; cooled < MaxCooled && Bytes > capBytes && _ring.TryDequeue(out var next); step++)
            {
                if (step <= MaxSteps && next.TryMove(PageState.Used, PageState.Warm))
                {
                    _ring.Enqueue(next);
                    continue;
                }

                var bytes = next.SwapPageBytes(0);
                Interlocked.Add(ref _bytes, -bytes);
                next.Pages = PageState.Cold;
                // It has grown too large, or was put to sleep.
                if (bytes == 0 || next.Loaded is not { } slice)
                    continue;
                cooled++;
                Release(slice);
            }
        }
        finally
        {
            guard.Leave(slot);
        }
    }

    private static void Release(Slice slice)
    {
        foreach (var space in slice.Spaces)
        {
            space.Index.Mapped?.ReleasePages();
            space.Index.Rows.Mapped?.ReleasePages();
        }
    }
}

/// <summary>Whether mapped pages of a slice are in the process, as far as <see cref="PageKeeper"/> knows.</summary>
internal enum PageState
{
    /// <summary>Not counted.</summary>
    Cold,

    /// <summary>Not used since the hand passed.</summary>
    Warm,

    /// <summary>Used since.</summary>
    Used,
}
