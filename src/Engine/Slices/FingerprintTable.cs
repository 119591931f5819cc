namespace Rag.Engine.Slices;

/// <summary>
/// Maps 32-bit fingerprints to numbers; several numbers may stand under one fingerprint, and the caller verifies which
/// one it means. Open addressing, at most 80 % full. One writer, readers without locks: a number that was there before
/// a reader began is found.
/// <code>
/// slot:  63        32 31            0
///        fingerprint  number + 1       all zero = free, (1, 0) = removed
/// </code>
/// </summary>
internal sealed class FingerprintTable
{
    private const ulong Free = 0;
    private const ulong Removed = 1UL << 32;
    private const int MinCapacity = 8;

    private ulong[] _slots;
    private int _occupied;

    /// <param name="expected">Numbers that are about to be added.</param>
    public FingerprintTable(int expected = 0) => _slots = new ulong[CapacityFor(expected)];

    /// <summary>Numbers in the table.</summary>
    public int Count { get; private set; }

    public long MemoryBytes => 48 + _slots.Length * 8L;

    public void Add(uint fingerprint, int number)
    {
        if ((_occupied + 1) * 5L > _slots.Length * 4L)
            Rebuild();
        var mask = _slots.Length - 1;
        var at = (int)(fingerprint & (uint)mask);
        while (_slots[at] is not (Free or Removed))
            at = (at + 1) & mask;
        if (_slots[at] == Free)
            _occupied++;
        Volatile.Write(ref _slots[at], Slot(fingerprint, number));
        Count++;
    }

    public void Remove(uint fingerprint, int number)
    {
        var mask = _slots.Length - 1;
        var slot = Slot(fingerprint, number);
        for (var at = (int)(fingerprint & (uint)mask); _slots[at] != Free; at = (at + 1) & mask)
        {
            if (_slots[at] != slot)
                continue;
            Volatile.Write(ref _slots[at], Removed);
            Count--;
            return;
        }

        throw new InvalidOperationException($"Number {number} does not stand under its fingerprint.");
    }

    /// <summary>Walks the numbers under a fingerprint.</summary>
    public Candidates Find(uint fingerprint) => new(Volatile.Read(ref _slots), fingerprint);

    private static ulong Slot(uint fingerprint, int number) => ((ulong)fingerprint << 32) | ((uint)number + 1);

    private static int CapacityFor(int count) =>
        Math.Max(MinCapacity, (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)(count * 5L / 4 + 1)));

    // Drops removed slots, and doubles where the numbers themselves need it.
    private void Rebuild()
    {
        var larger = new ulong[CapacityFor(Count + Count / 2 + 4)];
        var mask = larger.Length - 1;
        foreach (var slot in _slots)
        {
            if (slot is Free or Removed)
                continue;
            var at = (int)((uint)(slot >> 32) & (uint)mask);
            while (larger[at] != Free)
                at = (at + 1) & mask;
            larger[at] = slot;
        }

        _occupied = Count;
        Volatile.Write(ref _slots, larger);
    }

    /// <summary>An enumeration of candidates; call <see cref="Next"/> until it gives −1.</summary>
    public ref struct Candidates(ulong[] slots, uint fingerprint)
    {
        private readonly ulong[] _slots = slots;
        private readonly uint _fingerprint = fingerprint;
        private int _at = (int)(fingerprint & (uint)(slots.Length - 1));

        public int Next()
        {
            while (true)
            {
                var slot = Volatile.Read(ref _slots[_at]);
                if (slot == Free)
                    return -1;
                _at = (_at + 1) & (_slots.Length - 1);
                if ((uint)(slot >> 32) == _fingerprint && (uint)slot != 0)
                    return (int)(uint)slot - 1;
            }
        }
    }
}
