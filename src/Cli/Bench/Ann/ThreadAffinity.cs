using System.Numerics;
using System.Runtime.InteropServices;

namespace Rag.Cli.Bench.Ann;

/// <summary>
/// Ties threads to cores, so that a figure is that of so many cores and the scheduler moves nothing in between. Linux
/// only; elsewhere threads run where they like.
/// </summary>
internal static class ThreadAffinity
{
    private const int MaxCores = 1024;

    private static readonly int[] Cores = AllowedCores();

    /// <summary>Whether threads can be pinned here.</summary>
    public static bool IsSupported => Cores.Length > 0;

    /// <summary>Puts the calling thread on the <paramref name="n"/>th core that the process may use.</summary>
    public static void Pin(int n)
    {
        if (!IsSupported)
            return;
        var core = Cores[n % Cores.Length];
        var mask = new ulong[MaxCores / 64];
        mask[core / 64] = 1UL << (core % 64);
        if (sched_setaffinity(0, MaxCores / 8, mask) != 0)
            throw new InvalidOperationException($"A thread cannot be put on core {core}.");
    }

    /// <summary>
    /// Runs <paramref name="work"/> on so many new threads, each on a core of its own as far as there are enough, and
    /// waits for all of them; throws what the first that failed has thrown.
    /// </summary>
    public static void RunPinned(int threads, Action work)
    {
        var failures = new Exception?[threads];
        var running = Enumerable.Range(0, threads).Select(n =>
        {
            var thread = new Thread(() =>
            {
                try
                {
                    Pin(n);
                    work();
                }
                catch (Exception failure)
                {
                    failures[n] = failure;
                }
            }) { Name = $"search {n}" };
            thread.Start();
            return thread;
        }).ToArray();
        foreach (var thread in running)
            thread.Join();
        if (Array.Find(failures, failure => failure is not null) is { } first)
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(first);
    }

    private static int[] AllowedCores()
    {
        var mask = new ulong[MaxCores / 64];
        // Answers the bytes that it filled, or −1.
        if (!OperatingSystem.IsLinux() || sched_getaffinity(0, MaxCores / 8, mask) < 0)
            return [];
        var cores = new List<int>(mask.Sum(BitOperations.PopCount));
        for (var core = 0; core < MaxCores; core++)
        {
            if ((mask[core / 64] >> (core % 64) & 1) != 0)
                cores.Add(core);
        }

        return [.. cores];
    }

    [DllImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int sched_setaffinity(int thread, nint bytes, [In] ulong[] mask);

    [DllImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int sched_getaffinity(int thread, nint bytes, [Out] ulong[] mask);
}
