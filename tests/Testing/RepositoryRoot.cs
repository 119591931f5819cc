namespace Rag.Testing;

/// <summary>Finds the checkout that the running test was built from.</summary>
public static class RepositoryRoot
{
    /// <summary>Absolute path of the folder that holds Rag.Engine.sln.</summary>
    public static string Path { get; } = Find();

    private static string Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(System.IO.Path.Combine(folder.FullName, "Rag.Engine.sln")))
                return folder.FullName;
        }

        throw new DirectoryNotFoundException($"No Rag.Engine.sln above {AppContext.BaseDirectory}.");
    }
}
