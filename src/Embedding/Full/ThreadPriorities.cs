using System.Runtime.InteropServices;

namespace Rag.Embedding.Full;

/// <summary>Priorities of threads of this process.</summary>
internal static partial class ThreadPriorities
{
    private const int ThisThread = 0; // PRIO_PROCESS of 0 is the calling thread on Linux

    // A tenth of the weight of a thread of normal priority: whoever wakes up gets the core at once, and a collection of
    // garbage that meets this thread outside the model's code does not wait for it for long, as it would with 19.
    private const int Nice = 10;

    /// <summary>Lets the calling thread give way to all others, for good.</summary>
    public static void GiveWay()
    {
        // .NET's own priorities have no effect on Linux. If it is refused the work is done all the same.
        if (OperatingSystem.IsLinux())
            _ = SetPriority(0, ThisThread, Nice);
        else
            Thread.CurrentThread.Priority = ThreadPriority.BelowNormal;
    }

    [LibraryImport("libc", EntryPoint = "setpriority")]
    private static partial int SetPriority(int which, int who, int priority);
}
