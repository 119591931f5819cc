using Microsoft.Data.Sqlite;

namespace Rag.Metadata.Sqlite;

/// <summary>Turns SQLite's result codes into the store's kinds of failure.</summary>
internal static class SqliteFaults
{
    private const int Busy = 5;
    private const int Locked = 6;
    private const int ReadOnly = 8;
    private const int IoError = 10;
    private const int Corrupt = 11;
    private const int Full = 13;
    private const int CannotOpen = 14;
    private const int NotADatabase = 26;

    public static MetadataStoreException Translate(SqliteException cause, string path) => cause.SqliteErrorCode switch
    {
        Full => new(MetadataFault.Full,
            $"The disk that holds {path} is full: free some space, then try again.", cause),
        Busy or Locked => new(MetadataFault.Unavailable,
            $"Another process kept {path} locked for too long: try again.", cause),
        ReadOnly or IoError or CannotOpen => new(MetadataFault.Unavailable,
            $"{path} cannot be read or written ({cause.Message}): check the disk and the folder's permissions.", cause),
        Corrupt or NotADatabase => new(MetadataFault.Corrupt,
            $"{path} is damaged: stop, and restore it from a backup.", cause),
        _ => new(MetadataFault.Internal, $"The metadata store failed on {path}: {cause.Message}", cause),
    };
}
