namespace Rag.Cli.Clusters;

/// <summary>Programs of others that a cluster is made of.</summary>
internal static class Programs
{
    /// <summary>Path of a program: on PATH, or in a folder that a user's PATH may lack.</summary>
    /// <exception cref="CliException">It is not installed; the sentence says how to.</exception>
    public static string Find(string name, params string[] folders)
    {
        var path = Environment.GetEnvironmentVariable("PATH") ?? "";
        foreach (var folder in path.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries).Concat(folders))
        {
            var file = Path.Combine(folder, name);
            if (File.Exists(file))
                return file;
        }

        throw new CliException($"A cluster needs {name}: sudo apt-get install -y {name}");
    }
}
