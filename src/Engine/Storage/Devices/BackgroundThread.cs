using System.Runtime.InteropServices;

namespace Rag.Engine.Storage;

/// <summary>
/// Runs long work of no hurry on a thread of its own that gives way to others. It still gets a quarter of a core on a
/// machine that has none to spare, so that it ends; see <see cref="WorkPace"/> for what it leaves to searches.
/// A search that wakes on its core while it works gets it after 0.1 ms: Linux lets whoever runs go on for a slice of some
/// milliseconds whatever its priority, unless it asks for a shorter one (EEVDF, from Linux 6.12 on; older ones ignore it).
/// </summary>
internal static partial class BackgroundThread
{
    private const int ThisThread = 0; // PRIO_PROCESS of 0 is the calling thread on Linux
    private const int Nice = 5;
    private const ulong SliceNs = 100_000; // the shortest that there is

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
        {
            _ = SetPriority(0, ThisThread, Nice);
            ShortenSlice();
        }
        else
        {
            Thread.CurrentThread.Priority = ThreadPriority.BelowNormal;
        }
    }

    private static void ShortenSlice()
    {
        // The C library has no function for sched_setattr; the number of the call is the processor's.
        var call = RuntimeInformation.ProcessArchitecture switch
        {
            Architecture.X64 => 314,
            Architecture.Arm64 => 274,
            _ => 0,
        };
        var attributes = new SchedulingAttributes { Size = (uint)Marshal.SizeOf<SchedulingAttributes>(), Nice = Nice, Runtime = SliceNs };
        if (call != 0)
            _ = SystemCall(call, ThisThread, in attributes, 0);
    }

    [LibraryImport("libc", EntryPoint = "setpriority")]
    private static partial int SetPriority(int which, int who, int priority);

    [LibraryImport("libc", EntryPoint = "syscall")]
    private static partial nint SystemCall(nint number, nint thread, in SchedulingAttributes attributes, nint flags);

    // struct sched_attr, first version; policy 0 is the usual one.
    [StructLayout(LayoutKind.Sequential)]
    private struct SchedulingAttributes
    {
        public uint Size;
        public uint Policy;
        public ulong Flags;
        public int Nice;
        public uint Priority;
        public ulong Runtime;
        public ulong Deadline;
        public ulong Period;
    }
}
