using Rag.Engine.Storage;

namespace Rag.Engine.Slices;

/// <summary>
/// What the store keeps of a slice whether it is loaded or asleep: a few hundred bytes. Whoever writes to the slice,
/// loads it or puts it to sleep holds the monitor of this object; it never leaves the engine, so nobody else can. The
/// monitor is taken before any lock of storage. Readers only read <see cref="Loaded"/> inside the epoch.
/// </summary>
internal sealed class SliceEntry(SliceId id)
{
    private Slice? _loaded;
    private string? _quarantineReason;
    private long _lastUsedMs;
    private long _memoryBytes;
    private long _recentBytes;
    private int _pages;
    private long _pageBytes;
    private long _coldUse;

    public SliceId Id { get; } = id;

    /// <summary>The slice in memory; null while it is asleep or quarantined.</summary>
    public Slice? Loaded
    {
        get => Volatile.Read(ref _loaded);
        set => Volatile.Write(ref _loaded, value);
    }

    /// <summary>Why the slice is not served; null if it is.</summary>
    public string? QuarantineReason
    {
        get => Volatile.Read(ref _quarantineReason);
        set => Volatile.Write(ref _quarantineReason, value);
    }

    /// <summary>The workspace is gone; the entry stays for a while so that late writes are told so.</summary>
    public bool IsDeleted { get; set; }

    /// <summary>The current snapshot; generation 0 if there is none.</summary>
    public SnapshotEntry Snapshot { get; set; }

    /// <summary>Position of the last record applied, packed.</summary>
    public ulong Stamp { get; set; }

    /// <summary>Log position of the first record that is in no snapshot; long.MaxValue if there is none.</summary>
    public long DirtySince { get; set; } = long.MaxValue;

    /// <summary>The same for the snapshot that is being written.</summary>
    public long DirtySinceCut { get; set; } = long.MaxValue;

    /// <summary>Place of the first record that is in no snapshot, packed; ulong.MaxValue if there is none.</summary>
    public ulong DirtyStamp { get; set; } = ulong.MaxValue;

    /// <summary>The same for the snapshot that is being written.</summary>
    public ulong DirtyStampCut { get; set; } = ulong.MaxValue;

    /// <summary>A snapshot is being written; a second one waits.</summary>
    public bool IsBeingSnapshotted { get; set; }

    /// <summary>Something changed that is in no record, such as the place of its texts.</summary>
    public bool IsMoved { get; set; }

    /// <summary>The settings while it is asleep, encoded; null if they have not been read from the snapshot
    /// yet.</summary>
    public byte[]? SleepingSettings { get; set; }

    /// <summary>Vectors of visible chunks while it is asleep; null if they have not been read from the snapshot yet, or
    /// this is of a time before they were counted.</summary>
    public SleepingVectors? SleepingVectors { get; set; }

    /// <summary>Bytes of living content in the chunk log; −1 if it has not been read from the snapshot yet.</summary>
    public long ContentBytes { get; set; } = -1;

    /// <summary>When the oldest staged generation began, in milliseconds since the Unix epoch; long.MaxValue if
    /// none.</summary>
    public long OldestStagedMs { get; set; } = long.MaxValue;

    /// <summary>The load under way, shared by all readers that wait for it.</summary>
    public Task? Loading { get; set; }

    /// <summary>When it was last used, in milliseconds of the store's clock.</summary>
    public long LastUsedMs
    {
        get => Volatile.Read(ref _lastUsedMs);
        set => Volatile.Write(ref _lastUsedMs, value);
    }

    /// <summary>Bytes in memory as of the last count; 0 while asleep.</summary>
    public long MemoryBytes
    {
        get => Volatile.Read(ref _memoryBytes);
        set => Volatile.Write(ref _memoryBytes, value);
    }

    /// <summary>Bytes of full vectors that are in no snapshot, as of the last count; 0 while asleep.</summary>
    public long RecentBytes
    {
        get => Volatile.Read(ref _recentBytes);
        set => Volatile.Write(ref _recentBytes, value);
    }

    /// <summary>Whether its mapped pages are in memory; <see cref="PageKeeper"/>'s.</summary>
    public PageState Pages
    {
        get => (PageState)Volatile.Read(ref _pages);
        set => Volatile.Write(ref _pages, (int)value);
    }

    /// <summary>Sets the mapped bytes that are counted for it, and says what they were; <see cref="PageKeeper"/>'s.</summary>
    public long SwapPageBytes(long bytes) => Interlocked.Exchange(ref _pageBytes, bytes);

    /// <summary>Sets when it was used last while it was cold, and says when before; <see cref="PageKeeper"/>'s.</summary>
    public long SwapColdUse(long number) => Interlocked.Exchange(ref _coldUse, number);

    /// <summary>Changes <see cref="Pages"/>; false if it is another than expected.</summary>
    public bool TryMove(PageState from, PageState to) =>
        Interlocked.CompareExchange(ref _pages, (int)to, (int)from) == (int)from;

    public bool IsDirty => DirtySince != long.MaxValue || IsMoved;
}
