using System.Runtime.InteropServices;

namespace Rag.Engine.Indexing;

/// <summary>
/// Tells when nobody can still be reading what was taken out of sight, which <see cref="VectorIndex.Remove"/> and the
/// reuse of a row's number have to wait for. A reader enters (one compare-and-swap on a slot of its own cache line) and
/// leaves; a writer takes something out of sight, calls <see cref="Retire"/> and may reuse it once
/// <see cref="HasPassed"/>. A reader may keep its slot over an await. Thread-safe, no locks.
/// </summary>
public sealed class EpochGuard
{
    // Also the most readers at a time; more wait by spinning. 64 KiB.
    private const int SlotCount = 1024;

    private readonly Slot[] _slots = new Slot[SlotCount];
    private long _epoch = 1;

    /// <summary>Begins reading: whatever is in sight from now on stays until <see cref="Leave"/>.</summary>
    public int Enter()
    {
        var at = Environment.CurrentManagedThreadId * 7;
        var spin = default(SpinWait);
        for (var tries = 1; ; tries++, at++)
        {
            ref var slot = ref _slots[at & (SlotCount - 1)].Epoch;
            // The swap is a full fence: nothing is read before the slot is seen. An epoch that has moved on meanwhile
            // only makes writers wait for this reader without need.
            if (slot == 0 && Interlocked.CompareExchange(ref slot, Volatile.Read(ref _epoch), 0) == 0)
                return at & (SlotCount - 1);
            if (tries % SlotCount == 0)
                spin.SpinOnce();
        }
    }

    /// <summary>Ends reading.</summary>
    /// <param name="slot">What <see cref="Enter"/> gave.</param>
    public void Leave(int slot) => Volatile.Write(ref _slots[slot].Epoch, 0);

    /// <summary>The epoch to wait for before what was just taken out of sight may be reused.</summary>
    public long Retire() => Interlocked.Increment(ref _epoch);

    /// <summary>Whether every reader that may have seen what was retired at <paramref name="epoch"/> has
    /// left.</summary>
    public bool HasPassed(long epoch) => Oldest() >= epoch;

    /// <summary>The lowest epoch in which a reader still is; the current one if there is none.</summary>
    public long Oldest()
    {
        // Read before the slots: a reader that enters behind our back enters in this epoch or a later one.
        var oldest = Interlocked.Read(ref _epoch);
        foreach (ref var slot in _slots.AsSpan())
        {
            var epoch = Volatile.Read(ref slot.Epoch);
            if (epoch != 0 && epoch < oldest)
                oldest = epoch;
        }

        return oldest;
    }

    /// <summary>Waits until <see cref="HasPassed"/>.</summary>
    public async ValueTask WaitAsync(long epoch, CancellationToken cancellationToken)
    {
        for (var tries = 0; !HasPassed(epoch); tries++)
        {
            if (tries < 10)
                await Task.Yield();
            else
                await Task.Delay(1, cancellationToken);
        }
    }

    [StructLayout(LayoutKind.Explicit, Size = 64)]
    private struct Slot
    {
        [FieldOffset(0)]
        public long Epoch;
    }
}
