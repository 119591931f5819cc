using System.Runtime.InteropServices;
using Rag.Engine.Rows;

namespace Rag.Engine;

/// <summary>
/// Gives memory back to the system that a bulk of writes has left behind, once the writes have ended. The C library keeps
/// what was freed until it is told otherwise. The collector looks at old and large objects only when more of them come, so
/// a process that only searches after it was filled kept a hundred megabytes of nothing: beside readers they are collected
/// in the background. To compact everything stops all threads for some tenths of a second: it is done rarely, where it is
/// worth it, once there are no readers; beside them only where the collection has left more gaps than one can live with.
/// Not thread-safe.
/// </summary>
/// <param name="position">Where the mutation log's replay begins: what it brings back counts as written.</param>
/// <param name="busyGapBytes">Gaps of the heap for which readers wait until it is compacted.</param>
internal sealed partial class HeapTrim(long position, long busyGapBytes)
{
    // What the heap has to have grown by since the last time, and as a part of what it was then: one third.
    private const long MinGainBytes = 64L << 20;
    private const int GainShare = 3;

    // Written since the last time; less leaves little behind.
    private const long MinWrittenBytes = 32L << 20;

    // Freed since the last time, for the C library to be asked for it.
    private const long MinFreedBytes = 8L << 20;

    private long _compactedAt = position;
    private long _sweptAt = position;
    private long _freedAt;
    private long _floor;

    /// <summary>Called when nothing is written any more.</summary>
    /// <param name="end">The end of the mutation log: bytes that were ever written to it.</param>
    /// <param name="isBusy">Whether somebody is reading; only asked where there may be something to do.</param>
    public void Trim(long end, Func<bool> isBusy)
    {
        if (end - _compactedAt >= MinWrittenBytes && (!isBusy() || HasGaps(end)))
        {
            _compactedAt = _sweptAt = end;
            Compact();
        }
        else if (end - _sweptAt >= MinWrittenBytes)
        {
            _sweptAt = end;
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Forced, blocking: false);
        }

        // Whoever reads holds the vectors back that snapshots have taken the place of: they are freed some rounds later.
        if (RowPage.FreedBytes - _freedAt < MinFreedBytes)
            return;
        _freedAt = RowPage.FreedBytes;
        TrimNative();
    }

    // Only known once everything was collected.
    private bool HasGaps(long end) =>
        end - _sweptAt < MinWrittenBytes && GC.GetGCMemoryInfo().FragmentedBytes >= busyGapBytes;

    private void Compact()
    {
        var gain = GC.GetGCMemoryInfo().TotalCommittedBytes - _floor;
        if (gain < Math.Max(MinGainBytes, _floor / GainShare))
            return;
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        _floor = GC.GetGCMemoryInfo().TotalCommittedBytes;
    }

    private static void TrimNative()
    {
        if (!OperatingSystem.IsLinux())
            return;
        try
        {
            _ = Trim(0);
        }
        catch (EntryPointNotFoundException)
        {
            // A C library that keeps nothing, or does not say how to get it.
        }
    }

    [LibraryImport("libc", EntryPoint = "malloc_trim")]
    private static partial int Trim(nuint pad);
}
