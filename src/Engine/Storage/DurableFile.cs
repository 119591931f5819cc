namespace Rag.Engine.Storage;

/// <summary>Small files that are there as a whole or not at all, after a loss of power too.</summary>
public static class DurableFile
{
    /// <summary>Writes a file, or puts it in place of the one that is there; durable when it returns.</summary>
    public static void Write(string path, ReadOnlySpan<byte> bytes)
    {
        var temporary = path + ".new";
        using (var file = new FileStream(temporary, FileMode.Create, FileAccess.Write))
        {
            file.Write(bytes);
            file.Flush(flushToDisk: true);
        }

        File.Move(temporary, path, overwrite: true);
        PosixSync.Folder(Path.GetDirectoryName(path)!);
    }

    /// <summary>Deletes a file, if it is there; durable when it returns.</summary>
    public static void Delete(string path)
    {
        File.Delete(path);
        PosixSync.Folder(Path.GetDirectoryName(path)!);
    }
}
