using System.Collections.Concurrent;
using Rag.Engine.Indexing;
using Rag.Engine.Slices;

namespace Rag.Engine;

/// <summary>
/// Keeps the codes and full vectors of those small slices in the address space that are used most; the others are read
/// from the system's cache of files, by calls. A call costs a search of a hundred rows some microseconds, and to map the
/// pages and give them back costs more, so a slice is warmed only if there is room, or if it was used not long ago. Whoever
/// warms one cools others that were not used lately, so there is no pause for it. Thread-safe, without locks.
/// <code>
/// cold ─ used again soon ─▶ used ─ the hand passes ─▶ warm ─ the hand passes ─▶ cold
///                            ▲                          │
///                            └────────── use ───────────┘
/// </code>
/// A slice is counted with all that it maps since its last snapshot, so the figure is a bound of what is there. Slices that
/// map more than <see cref="MaxSliceBytes"/> are left to the system.
/// </summary>
internal sealed class PageKeeper(EpochGuard guard, long capBytes)
{
    /// <summary>Part of the memory cap that is for such pages: a twelfth.</summary>
    internal const int CapShare = 12;

    // Five times the time of a search of that size to bring all of it back.
    internal const long MaxSliceBytes = 1L << 20;

    // One use moves the hand so far at most; two are cooled for one that is warmed, until all is in bounds.
    private const int MaxSteps = 16;
    private const int MaxCooled = 2;

    private readonly ConcurrentQueue<SliceEntry> _ring = new();
    private int _ringCount; // to count the queue's takes a lock
    private long _bytes;
    private long _coldUses;

    /// <summary>Bytes of slices that are not cold.</summary>
    public long Bytes => Interlocked.Read(ref _bytes);

    public long CapBytes => capBytes;

    /// <summary>Notes that a slice is used. Inside the epoch, or under the entry's monitor.</summary>
    public void Note(SliceEntry entry, Slice slice)
    {
        var state = entry.Pages;
        if (state is PageState.Used or PageState.Large || entry.TryMove(PageState.Warm, PageState.Used))
            return;
        if (!HasRoom() && !IsUsedAgain(entry))
            return;
        var bytes = CountedBytes(slice);
        if (bytes == 0 || !entry.TryMove(PageState.Cold, PageState.Used))
            return;
        Set(entry, bytes);
        Warm(slice);
        ForgetOne();
        Enqueue(entry);
        if (Bytes > capBytes)
            Cool();
    }

    /// <summary>Counts anew what a slice maps, or that it is gone. Under the entry's monitor.</summary>
    public void Recount(SliceEntry entry, Slice? slice)
    {
        var bytes = slice is null ? 0 : CountedBytes(slice);
        // What it maps is looked up again and again otherwise; the next snapshot may bring something.
        _ = bytes == 0 && slice is not null ? entry.TryMove(PageState.Cold, PageState.Large) : entry.TryMove(PageState.Large, PageState.Cold);
        if (entry.Pages is PageState.Cold or PageState.Large)
            return;
        Set(entry, bytes);
        if (bytes > 0)
            Warm(slice!);
    }

    /// <summary>What a slice maps: codes and vectors of its spaces.</summary>
    public static long MappedBytes(Slice slice)
    {
        var bytes = 0L;
        foreach (var space in slice.Spaces)
            bytes += (space.Index.Mapped?.MappedBytes ?? 0) + (space.Index.Rows.Mapped?.MappedBytes ?? 0);
        return bytes;
    }

    // For one more of the usual size.
    private bool HasRoom() => Bytes is var bytes && bytes + bytes / Math.Max(1, Volatile.Read(ref _ringCount)) <= capBytes;

    // As many others were used since as are kept at most: what is kept was used more often, or as often.
    private bool IsUsedAgain(SliceEntry entry)
    {
        var use = Interlocked.Increment(ref _coldUses);
        var last = entry.SwapColdUse(use);
        return last > 0 && use - last <= Volatile.Read(ref _ringCount);
    }

    private static long CountedBytes(Slice slice) => MappedBytes(slice) is var bytes and <= MaxSliceBytes ? bytes : 0;

    private void Set(SliceEntry entry, long bytes) => Interlocked.Add(ref _bytes, bytes - entry.SwapPageBytes(bytes));

    private void Enqueue(SliceEntry entry)
    {
        _ring.Enqueue(entry);
        Interlocked.Increment(ref _ringCount);
    }

    private bool TryDequeue([System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out SliceEntry? entry)
    {
        if (!_ring.TryDequeue(out entry))
            return false;
        Interlocked.Decrement(ref _ringCount);
        return true;
    }

    // One that comes looks at one that was there, so that those that are gone do not stay in the ring.
    private void ForgetOne()
    {
        if (!TryDequeue(out var first))
            return;
        if (first.Loaded is not null)
        {
            Enqueue(first);
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
            for (var step = 1; cooled < MaxCooled && Bytes > capBytes && TryDequeue(out var next); step++)
            {
                if (step <= MaxSteps && next.TryMove(PageState.Used, PageState.Warm))
                {
                    Enqueue(next);
                    continue;
                }

                var bytes = next.SwapPageBytes(0);
                Interlocked.Add(ref _bytes, -bytes);
                next.Pages = PageState.Cold;
                // It has grown too large, or was put to sleep.
                if (bytes == 0 || next.Loaded is not { } slice)
                    continue;
                cooled++;
                Cool(slice);
            }
        }
        finally
        {
            guard.Leave(slot);
        }
    }

    private static void Warm(Slice slice)
    {
        foreach (var space in slice.Spaces)
        {
            space.Index.Mapped?.Warm();
            space.Index.Rows.Mapped?.Warm();
        }
    }

    private static void Cool(Slice slice)
    {
        foreach (var space in slice.Spaces)
        {
            space.Index.Mapped?.Cool();
            space.Index.Rows.Mapped?.Cool();
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

    /// <summary>Nothing that it maps is counted.</summary>
    Large,
}
