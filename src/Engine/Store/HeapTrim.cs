using System.Runtime.InteropServices;

namespace Rag.Engine;

/// <summary>
/// Gives memory back to the system that a bulk of writes has left behind. The collector looks at old and large objects
/// only when more of them come, and the C library keeps what was freed; so a process that only searches after it was
/// filled kept a gigabyte of nothing. Once the writes have ended everything is collected beside the searches. If much of
/// what is left are gaps, the heap is compacted, too, which stops all threads for some tenths of a second: rarely, and
/// only where it is worth it. Not thread-safe.
/// </summary>
internal sealed partial class HeapTrim
{
    // What gaps have to take for a stop, and as a part of all: a third.
    private const long MinGapBytes = 128L << 20;
    private const int GapShare = 3;

    // Written since the last time; less leaves little behind.
    private const long MinWrittenBytes = 32L << 20;

    private long _trimmedAt = -1;
    private long _collection = -1;

    /// <summary>Called now and then while nothing is written, with the end of the mutation log: bytes that were ever
    /// written to it.</summary>
    public void Trim(long position)
    {
        if (_trimmedAt < 0 || position - _trimmedAt >= MinWrittenBytes)
        {
            _trimmedAt = position;
            _collection = GC.GetGCMemoryInfo(GCKind.Background).Index;
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Forced, blocking: false);
        }
        else if (_collection >= 0 && GC.GetGCMemoryInfo(GCKind.Background) is var info && info.Index > _collection)
        {
            _collection = -1;
            var gaps = info.TotalCommittedBytes - (info.HeapSizeBytes - info.FragmentedBytes);
            if (gaps >= MinGapBytes && gaps >= info.TotalCommittedBytes / GapShare)
                GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            TrimNative();
        }
    }

    private static void TrimNative()
    {
        if (!OperatingSystem.IsLinux())
            return;
        try
        {
            _ = Trim((nuint)0);
        }
        catch (EntryPointNotFoundException)
        {
            // A C library that keeps nothing, or does not say how to get it.
        }
    }

    [LibraryImport("libc", EntryPoint = "malloc_trim")]
    private static partial int Trim(nuint pad);
}
