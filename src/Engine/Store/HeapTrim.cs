using System.Runtime.InteropServices;

namespace Rag.Engine;

/// <summary>
/// Gives memory back to the system that a bulk of writes has left behind. The collector looks at old and large objects
/// only when more of them come, and the C library keeps what was freed; so a process that only searches after it was
/// filled kept a gigabyte of nothing. Once the writes have ended everything is collected and compacted, which stops all
/// threads for some tenths of a second: rarely, and only where it is worth it. Not thread-safe.
/// </summary>
internal sealed partial class HeapTrim
{
    // What has to be there to be gained, and as a part of the heap: one third.
    private const long MinGainBytes = 64L << 20;
    private const int GainShare = 3;

    // Written since the last time; less leaves little behind.
    private const long MinWrittenBytes = 32L << 20;

    private long _trimmedAt = -1;
    private long _seenAt;

    /// <summary>Called now and then with the end of the mutation log.</summary>
    /// <param name="position">Bytes that were ever written to it.</param>
    /// <param name="memoryBytes">What the store has in memory by its own count.</param>
    /// <returns>Whether memory was given back.</returns>
    public bool Note(long position, long memoryBytes)
    {
        if (_trimmedAt < 0)
            _trimmedAt = position;
        // Still written to, or little came since.
        if (position != _seenAt || position - _trimmedAt < MinWrittenBytes)
        {
            _seenAt = position;
            return false;
        }

        _trimmedAt = position;
        var gain = GC.GetGCMemoryInfo().TotalCommittedBytes - memoryBytes;
        if (gain >= Math.Max(MinGainBytes, memoryBytes / GainShare))
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        TrimNative();
        return true;
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
