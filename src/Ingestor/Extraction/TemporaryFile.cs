namespace Rag.Ingestor.Extraction;

/// <summary>Deletes a file when disposed, and the stream over it before.</summary>
internal sealed class TemporaryFile(string path, IDisposable? reader = null) : IDisposable
{
    /// <summary>What the names of these files begin with, so that what a killed process left can be told.</summary>
    public const string Prefix = "rag-ingest-";

    public string Path => path;

    /// <summary>A copy of a stream in a new file that only this process's user may read.</summary>
    public static async Task<TemporaryFile> CopyAsync(
        Stream content, string folder, string extension, CancellationToken cancellationToken)
    {
        var path = System.IO.Path.Combine(folder, $"{Prefix}{Guid.NewGuid():N}{extension}");
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

    /// <summary>Deletes those that nobody has touched since <paramref name="before"/>; returns how many.</summary>
    public static int DeleteOlderThan(string folder, DateTimeOffset before)
    {
        var deleted = 0;
        try
        {
            foreach (var file in new DirectoryInfo(folder).EnumerateFiles(Prefix + "*"))
            {
                if (file.LastWriteTimeUtc >= before.UtcDateTime)
                    continue;
                file.Delete();
                deleted++;
            }
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            // Another user's file, or deleted by another process at the same moment.
        }

        return deleted;
    }

    public void Dispose()
    {
        reader?.Dispose();
        File.Delete(path);
    }
}
