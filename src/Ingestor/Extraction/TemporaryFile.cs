namespace Rag.Ingestor.Extraction;

/// <summary>Deletes a file when disposed, and the stream over it before.</summary>
internal sealed class TemporaryFile(string path, IDisposable? reader = null) : IDisposable
{
    public string Path => path;

    /// <summary>A copy of a stream in a new file that only this process's user may read.</summary>
    public static async Task<TemporaryFile> CopyAsync(Stream content, string folder, string extension, CancellationToken cancellationToken)
    {
        var path = System.IO.Path.Combine(folder, $"rag-{Guid.NewGuid():N}{extension}");
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            Options = FileOptions.Asynchronous,
        };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        var copy = new TemporaryFile(path);
        try
        {
            content.Position = 0;
            await using var file = new FileStream(path, options);
            await content.CopyToAsync(file, cancellationToken);
            return copy;
        }
        catch
        {
            copy.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        reader?.Dispose();
        File.Delete(path);
    }
}
