namespace Rag.Cli.Composition;

/// <summary>The source tree that this program was built in, where it still lies in one.</summary>
internal static class Checkout
{
    /// <summary>Absolute path of the folder with Rag.Engine.sln, or null for an installed program.</summary>
    public static string? Folder { get; } = Find();

    private static string? Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Rag.Engine.sln")))
                return folder.FullName;
        }

        return null;
    }
}
