using Microsoft.Extensions.Logging;

namespace Rag.Hosting.Topology;

/// <summary>The last topology that a process has seen, in a file of its data folder. Thread-safe.</summary>
internal sealed class TopologyCopy(string path, ILogger logger)
{
    /// <summary>What was kept; null where nothing was, or where it cannot be read.</summary>
    public ClusterTopology? Read()
    {
        if (!File.Exists(path))
            return null;
        try
        {
            return ClusterTopology.Parse(File.ReadAllText(path));
        }
        catch (Exception fault) when (fault is InvalidTopologyException or IOException or UnauthorizedAccessException)
        {
            TopologyStreamLog.CopyUnreadable(logger, path, fault.Message);
            return null;
        }
    }

    /// <summary>Keeps it; where that fails, the process goes on without.</summary>
    public void Write(ClusterTopology topology)
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
            TopologyFile.Write(path, topology);
        }
        catch (Exception fault) when (fault is TopologyUnavailableException or IOException or UnauthorizedAccessException)
        {
            TopologyStreamLog.CopyFailed(logger, path, fault.Message);
        }
    }
}
