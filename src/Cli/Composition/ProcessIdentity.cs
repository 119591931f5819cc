using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json.Serialization;

namespace Rag.Cli.Composition;

/// <summary>A process that may be gone by now: a process id alone is used again some day.</summary>
/// <param name="ProcessId">Its id.</param>
/// <param name="StartTime">When it was started.</param>
internal sealed record ProcessIdentity(
    [property: JsonPropertyName("pid")] int ProcessId,
    [property: JsonPropertyName("start_time")] DateTimeOffset StartTime)
{
    /// <summary>SIGINT, as Ctrl-C.</summary>
    public const int Interrupt = 2;

    /// <summary>SIGKILL.</summary>
    public const int Kill = 9;

    /// <summary>SIGTERM.</summary>
    public const int Terminate = 15;

    // A start time is read back with the kernel's clock ticks, of which there are 100 a second.
    private static readonly TimeSpan StartTolerance = TimeSpan.FromSeconds(2);

    /// <summary>The process at this moment.</summary>
    public static ProcessIdentity Of(Process process) => new(process.Id, process.StartTime.ToUniversalTime());

    /// <summary>Whether it is this process that lives, and not a later one of the same id.</summary>
    public bool IsAlive()
    {
        try
        {
            using var process = Process.GetProcessById(ProcessId);
            var started = new DateTimeOffset(process.StartTime.ToUniversalTime());
            return !process.HasExited && (started - StartTime).Duration() < StartTolerance && !IsZombie();
        }
        catch (Exception gone) when (gone is ArgumentException or InvalidOperationException)
        {
            return false;
        }
        catch (Win32Exception)
        {
            // It lives but belongs to somebody else.
            return true;
        }
    }

    /// <summary>It has ended, and whoever became its parent has not asked how: in some containers nobody ever does.</summary>
    private bool IsZombie()
    {
        try
        {
            // 4711 (name that may hold anything) Z …
            var stat = File.ReadAllText($"/proc/{ProcessId}/stat");
            var end = stat.LastIndexOf(')');
            return end >= 0 && end + 2 < stat.Length && stat[end + 2] is 'Z' or 'X';
        }
        catch (Exception absent) when (absent is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>Sends it a signal; nothing happens where it is gone.</summary>
    public void Send(int signal)
    {
        if (IsAlive())
            _ = SendSignal(ProcessId, signal);
    }

    [DllImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SendSignal(int processId, int signal);
}
