using System.Runtime.InteropServices;

namespace Rag.Embedding.Full;

/// <summary>
/// Priorities of threads of this process. .NET's own have no effect on Linux. What the system refuses is left as it is:
/// the work is done all the same.
/// </summary>
internal static partial class ThreadPriorities
{
    private const int ThisThread = 0; // PRIO_PROCESS of 0 is the calling thread on Linux

    // A tenth of the weight of a thread of normal priority.
    private const int Nice = 10;

    private const int IdlePolicy = 5; // SCHED_IDLE

    /// <summary>
    /// Lets the calling thread have what no other wants, for good. Linux takes the core from such a thread at once when
    /// another one wakes, and counts a core that only such threads run on as free when it looks for one: with a mere nice
    /// value a search that wakes beside a batch waits behind another search rather than take the batch's core. Only for
    /// threads that others can do without: where other processes keep every core busy, it may get none for seconds.
    /// </summary>
    public static void TakeWhatIsLeft()
    {
        var none = 0;
        if (!OperatingSystem.IsLinux())
            Thread.CurrentThread.Priority = ThreadPriority.Lowest;
        else if (SetScheduler(ThisThread, IdlePolicy, in none) != 0)
            GiveWay();
    }

    /// <summary>Lets the calling thread give way to others, for good; it goes on a little where no core is free.</summary>
    public static void GiveWay()
    {
        if (OperatingSystem.IsLinux())
            _ = SetPriority(0, ThisThread, Nice);
        else
            Thread.CurrentThread.Priority = ThreadPriority.BelowNormal;
    }

    [LibraryImport("libc", EntryPoint = "setpriority")]
    private static partial int SetPriority(int which, int who, int priority);

    [LibraryImport("libc", EntryPoint = "sched_setscheduler")]
    private static partial int SetScheduler(int thread, int policy, in int priority);
}
