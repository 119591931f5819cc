using System.Globalization;

namespace Rag.Load.Servers;

/// <summary>What a process on this machine has used, where the system tells.</summary>
/// <param name="ResidentMib">Memory in use, mapped files included: VmRSS.</param>
/// <param name="CpuSeconds">Processor time since it began.</param>
internal readonly record struct ProcessUsage(double ResidentMib, double CpuSeconds)
{
    private const double TicksPerSecond = 100; // of /proc, whatever the kernel's own

    public static ProcessUsage? Of(int? processId)
    {
        if (processId is not { } id)
            return null;
        try
        {
            var status = File.ReadLines($"/proc/{id}/status").First(line => line.StartsWith("VmRSS:", StringComparison.Ordinal));
            var kib = double.Parse(status.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
            var text = File.ReadAllText($"/proc/{id}/stat");
            // The name, in brackets, may hold anything; fields are counted from behind it.
            var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
            var ticks = double.Parse(fields[11], CultureInfo.InvariantCulture) + double.Parse(fields[12], CultureInfo.InvariantCulture);
            return new ProcessUsage(kib / 1024, ticks / TicksPerSecond);
        }
        catch (Exception gone) when (gone is IOException or InvalidOperationException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
