using Rag.Testing;

namespace Rag.Architecture.Tests;

/// <summary>The files of this repository as a fresh clone would have them; outputs and packages left out.</summary>
internal static class SourceTree
{
    private static readonly HashSet<string> NotOurs =
    [
        "bin", "obj", "node_modules", ".git", ".rag", "artifacts", "TestResults", ".vs", ".idea", "__pycache__",
    ];

    public static string Root => RepositoryRoot.Path;

    /// <summary>Absolute paths of all files below a folder of the repository; '' is all of it.</summary>
    public static IReadOnlyList<string> Files(string folder, string pattern)
    {
        var start = Path.Combine(Root, folder);
        var found = new List<string>();
        if (Directory.Exists(start))
            Collect(start, pattern, found);
        found.Sort(StringComparer.Ordinal);
        return found;
    }

    public static string Relative(string path) => Path.GetRelativePath(Root, path).Replace('\\', '/');

    /// <summary>The C# files that people wrote: generated ones lie in obj.</summary>
    public static IEnumerable<string> CodeFiles() =>
        new[] { "src", "tests", "bench", "load" }.SelectMany(folder => Files(folder, "*.cs"));

    private static void Collect(string folder, string pattern, List<string> found)
    {
        found.AddRange(Directory.EnumerateFiles(folder, pattern));
        foreach (var inner in Directory.EnumerateDirectories(folder))
        {
            if (!NotOurs.Contains(Path.GetFileName(inner)))
                Collect(inner, pattern, found);
        }
    }
}
