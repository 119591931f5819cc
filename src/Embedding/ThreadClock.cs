using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Rag.Embedding;

/// <summary>
/// What the calling thread has used of a processor, so that work is not taken for longer the longer it had to wait for one.
/// </summary>
internal static partial class ThreadClock
{
    private const int ThisThread = 3; // CLOCK_THREAD_CPUTIME_ID on Linux

    /// <summary>The thread's processor time; where only others than Linux are asked, time that passes.</summary>
    public static TimeSpan Now =>
        OperatingSystem.IsLinux() && Environment.Is64BitProcess && GetTime(ThisThread, out var time) == 0
            ? TimeSpan.FromTicks(time.Seconds * TimeSpan.TicksPerSecond + time.Nanoseconds / TimeSpan.NanosecondsPerTick)
            : Stopwatch.GetElapsedTime(0);

    [LibraryImport("libc", EntryPoint = "clock_gettime")]
    private static partial int GetTime(int clock, out Time time);

    [StructLayout(LayoutKind.Sequential)]
    private struct Time
    {
        public long Seconds;
        public long Nanoseconds;
    }
}
