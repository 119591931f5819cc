using System.Security.Cryptography;
using System.Text;

namespace Rag.Cli.Ingestion;

/// <summary>
/// Finds the files that paths stand for and names their documents: a file by its name, a file of a folder by its path
/// in there. Hidden files and folders, package folders and build outputs beside a project file are left out.
/// </summary>
internal static class SourceFiles
{
    private const int MaxIdBytes = 256;

    private static readonly HashSet<string> PackageFolders = ["node_modules", "__pycache__", "TestResults"];
    private static readonly HashSet<string> OutputFolders = ["bin", "obj"];

    /// <returns>In bytewise order of document ids, each only once.</returns>
    /// <exception cref="CliException">A path does not exist.</exception>
    public static IReadOnlyList<SourceFile> Find(IEnumerable<string> paths)
    {
        var files = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var path in paths)
        {
            if (Directory.Exists(path))
            {
                var root = Path.GetFullPath(path);
                foreach (var file in Walk(root))
                    Add(files, Path.GetRelativePath(root, file), file);
            }
            else if (File.Exists(path))
            {
                Add(files, Path.GetFileName(path), Path.GetFullPath(path));
            }
            else
            {
                throw new CliException($"There is no file or folder {path}.");
            }
        }

        return [.. files.Select(file => new SourceFile(file.Value, file.Key))];
    }

    private static IEnumerable<string> Walk(string folder)
    {
        var options = new EnumerationOptions
        {
            // Hidden ones and links, which could lead in circles.
            AttributesToSkip = FileAttributes.Hidden | FileAttributes.System | FileAttributes.ReparsePoint,
            IgnoreInaccessible = true,
        };
        var holdsProject = Directory.EnumerateFiles(folder, "*.*proj", options).Any();
        foreach (var file in Directory.EnumerateFiles(folder, "*", options))
            yield return file;
        foreach (var inner in Directory.EnumerateDirectories(folder, "*", options))
        {
            var name = Path.GetFileName(inner);
            if (PackageFolders.Contains(name) || (holdsProject && OutputFolders.Contains(name)))
                continue;
            foreach (var file in Walk(inner))
                yield return file;
        }
    }

    // Two files of one name from two places: the later one is named by where it lies.
    private static void Add(SortedDictionary<string, string> files, string name, string path)
    {
        var id = Shorten(name.Replace('\\', '/'));
        if (files.TryGetValue(id, out var taken))
        {
            if (taken == path)
                return;
            id = Shorten(path.Replace('\\', '/').TrimStart('/'));
        }

        files[id] = path;
    }

    // Ids have at most 256 bytes: a longer one keeps its end, which tells most, behind a hash of all of it.
    private static string Shorten(string id)
    {
        if (Encoding.UTF8.GetByteCount(id) <= MaxIdBytes)
            return id;
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(id)))[..16];
        var end = id;
        while (Encoding.UTF8.GetByteCount(end) > MaxIdBytes - hash.Length - 1)
            end = char.IsSurrogate(end[0]) ? end[2..] : end[1..];
        return $"{hash}/{end}";
    }
}
