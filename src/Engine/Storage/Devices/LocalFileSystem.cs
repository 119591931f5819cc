namespace Rag.Engine.Storage;

/// <summary>The machine's own files.</summary>
internal sealed class LocalFileSystem : IStorageFileSystem
{
    public static readonly LocalFileSystem Instance = new();

    public IStorageFile OpenOrCreate(string path) => new LocalFile(
        File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete));

    public IStorageFile OpenRead(string path) => new LocalFile(
        File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));

    public bool Exists(string path) => File.Exists(path);

    public void Delete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (DirectoryNotFoundException)
        {
            // Gone with its folder.
        }
    }

    public void Move(string from, string to) => File.Move(from, to, overwrite: true);

    public void CreateFolder(string path)
    {
        if (Directory.Exists(path))
            return;
        var parent = Path.GetDirectoryName(Path.GetFullPath(path));
        if (parent is not null)
            CreateFolder(parent);
        Directory.CreateDirectory(path);
        // A folder whose name is lost takes its files with it, however well they were synced.
        if (parent is not null)
            PosixSync.Folder(parent);
    }

    public IEnumerable<string> ListFiles(string folder) =>
        Directory.Exists(folder) ? Directory.EnumerateFiles(folder) : [];

    public IEnumerable<string> ListFolders(string folder) =>
        Directory.Exists(folder) ? Directory.EnumerateDirectories(folder) : [];

    public void SyncFolder(string path) => PosixSync.Folder(path);

    public long AvailableBytes(string path) => new DriveInfo(Path.GetFullPath(path)).AvailableFreeSpace;
}
