namespace Rag.Cli.Composition;

/// <summary>A data folder beside the default one, removed with everything in it on dispose.</summary>
internal sealed class TemporaryDataFolder : IDisposable
{
    public TemporaryDataFolder()
    {
        var parent = Path.Combine(DataFolder.Resolve(null).Path, "..", "tmp");
        Data = new DataFolder(Path.Combine(parent, Guid.CreateVersion7().ToString("N")));
        Directory.CreateDirectory(Data.Path);
    }

    public DataFolder Data { get; }

    public void Dispose()
    {
        try
        {
            Directory.Delete(Data.Path, recursive: true);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // What is left is found by whoever cleans up temporary data; nothing depends on it.
        }
    }
}
