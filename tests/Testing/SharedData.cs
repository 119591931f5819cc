namespace Rag.Testing;

/// <summary>
/// Public collections and files that some tests use where they are present: a folder named <c>shared</c> beside the
/// repository, or the one that RAG_SHARED_DATA names. Every behaviour is also tested without it.
/// </summary>
public static class SharedData
{
    /// <summary>The folder, or null where it is absent.</summary>
    public static string? Folder { get; } = Find();

    /// <summary>Path of one file or folder in it, or null where that is absent.</summary>
    public static string? Locate(params string[] parts)
    {
        if (Folder is null)
            return null;
        var path = Path.Combine([Folder, .. parts]);
        return File.Exists(path) || Directory.Exists(path) ? path : null;
    }

    private static string? Find()
    {
        var named = Environment.GetEnvironmentVariable("RAG_SHARED_DATA");
        var path = string.IsNullOrEmpty(named) ? Path.Combine(RepositoryRoot.Path, "..", "shared") : named;
        return Directory.Exists(path) ? Path.GetFullPath(path) : null;
    }
}
