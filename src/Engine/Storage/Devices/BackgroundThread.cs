using System.Runtime.InteropServices;

namespace Rag.Engine.Storage;

/// <summary>
/// Runs long work of no hurry on a thread of its own that gives way to others. It still gets a quarter of a core on a
/// machine that has none to spare, so that it ends; see <see cref="WorkPace"/> for what it leaves to searches.
/// </summary>
internal static partial class BackgroundThread
{
    private const int ThisThread = 0; // PRIO_PROCESS of 0 is the calling thread on Linux
    private const int Nice = 5;

    /// <summary>Runs work; the task ends with its result or its failure.</summary>
    public static Task<T> RunAsync<T>(string name, Func<T> work)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        new Thread(() =>
        {
            GiveWay();
            try
            {
                done.SetResult(work());
            }
            catch (Exception exception)
            {
                done.SetException(exception);
            }
        }) { IsBackground = true, Name = name }.Start();
        return done.Task;
    }

    /// <summary>Runs work that nobody waits for and that does not fail.</summary>
    public static void Start(string name, Action work) => _ = RunAsync(name, () =>
    {
        work();
        return true;
    });

    private static void GiveWay()
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
