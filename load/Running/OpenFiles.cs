using System.Globalization;
using Rag.Load.Scenarios;

namespace Rag.Load.Running;

/// <summary>Whether this process may have as many connections as it is to have.</summary>
internal static class OpenFiles
{
    /// <summary>What a process has open besides.</summary>
    private const int Others = 256;

    private const string Limits = "/proc/self/limits";

    /// <exception cref="ScenarioException">It may not; the server, as its child, might not either.</exception>
    public static void Check(long connections)
    {
        if (Allowed() is { } allowed)
            Check(connections, allowed);
    }

    public static void Check(long connections, long allowed)
    {
        if (connections + Others <= allowed)
            return;
        throw new ScenarioException(string.Create(
            CultureInfo.InvariantCulture,
            $"The scenario has {connections} connections, and processes may have {allowed} files open here: "
            + $"run 'ulimit -n {connections + Others}' before it, if need be as root, in the server's shell as well."));
    }

    // The runtime has raised the soft limit to the hard one by itself.
    private static long? Allowed()
    {
        if (!File.Exists(Limits))
            return null;
        var line = File.ReadLines(Limits).FirstOrDefault(one => one.StartsWith("Max open files", StringComparison.Ordinal));
        var fields = line?.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return fields is { Length: > 3 } && long.TryParse(fields[3], CultureInfo.InvariantCulture, out var limit) ? limit : null;
    }
}
