using System.Security.Cryptography;
using System.Text;

namespace Rag.Cli.Clusters;

/// <summary>
/// Where a PostgreSQL server of the cluster keeps its data: in the node's folder, but PostgreSQL refuses to run as root,
/// and its own user cannot pass through a home that is closed to others. Then it is a folder below /var/tmp, named after the
/// cluster's.
/// </summary>
internal static class PostgresFolder
{
    public const string SharedRoot = "/var/tmp";

    public static string Of(ClusterFolder folder, string name)
    {
        var elsewhere = Elsewhere(folder);
        var inside = folder.NodeFolder(name);
        var isElsewhere = Directory.Exists(elsewhere)
            || (Environment.IsPrivilegedProcess && !Directory.Exists(inside) && !OthersMayPass(Path.GetDirectoryName(folder.Path)!));
        return isElsewhere ? Path.Combine(elsewhere, name) : inside;
    }

    /// <summary>Removes what lies outside the cluster's folder.</summary>
    public static void Erase(ClusterFolder folder)
    {
        if (Directory.Exists(Elsewhere(folder)))
            Directory.Delete(Elsewhere(folder), recursive: true);
    }

    private static string Elsewhere(ClusterFolder folder)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes(folder.Path));
        return Path.Combine(SharedRoot, $"rag-cluster-{Convert.ToHexStringLower(hash.AsSpan(0, 8))}");
    }

    private static bool OthersMayPass(string path)
    {
        for (var folder = new DirectoryInfo(path); folder is not null; folder = folder.Parent)
        {
            if (folder.Exists && !OperatingSystem.IsWindows() && (folder.UnixFileMode & UnixFileMode.OtherExecute) == 0)
                return false;
        }

        return true;
    }
}
