using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Rag.Cli.Bench;

/// <summary>
/// Sleeps to a moment on the clock of <see cref="Stopwatch"/>. On Linux it is microseconds late, with a timer of its own
/// and no slack; a load that wakes late by the usual 50 µs would measure the timer. Elsewhere it sleeps and then spins.
/// </summary>
internal static class PreciseSleep
{
    private const int SetTimerSlack = 29; // PR_SET_TIMERSLACK
    private const int Monotonic = 1; // CLOCK_MONOTONIC, which Stopwatch reads as well
    private const int Absolute = 1; // TIMER_ABSTIME

    /// <summary>Takes the slack from the timers of the calling thread.</summary>
    public static void PrepareThread()
    {
        if (OperatingSystem.IsLinux())
            _ = Control(SetTimerSlack, 1, 0, 0, 0);
    }

    public static void Until(long timestamp)
    {
        if (OperatingSystem.IsLinux() && Stopwatch.Frequency == 1_000_000_000)
        {
            var moment = new Timespec((nint)(timestamp / 1_000_000_000), (nint)(timestamp % 1_000_000_000));
            while (Stopwatch.GetTimestamp() < timestamp && Sleep(Monotonic, Absolute, in moment, 0) != 0)
            {
                // Interrupted by a signal: the moment stays the same.
            }

            return;
        }

        while (timestamp - Stopwatch.GetTimestamp() is var left and > 0)
        {
            if (left * 1000 / Stopwatch.Frequency > 2)
                Thread.Sleep(1);
            else
                Thread.SpinWait(20);
        }
    }

    [DllImport("libc", EntryPoint = "clock_nanosleep")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Sleep(int clock, int flags, in Timespec moment, nint remaining);

    [DllImport("libc", EntryPoint = "prctl")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Control(int option, nuint first, nuint second, nuint third, nuint fourth);

    [StructLayout(LayoutKind.Sequential)]
    private readonly struct Timespec(nint seconds, nint nanoseconds)
    {
        public readonly nint Seconds = seconds;
        public readonly nint Nanoseconds = nanoseconds;
    }
}
