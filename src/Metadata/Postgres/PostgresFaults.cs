using System.Net.Sockets;
using Npgsql;

namespace Rag.Metadata.Postgres;

/// <summary>
/// Turns what Npgsql and the server report into the store's kinds of failure. Codes are those of the PostgreSQL manual,
/// appendix A. No message holds a part of the connection string but the servers' names.
/// </summary>
internal static class PostgresFaults
{
    /// <summary>A failure of the store; null for what is none, such as a cancelled call.</summary>
    public static MetadataStoreException? Translate(Exception error, string servers) => error switch
    {
        PostgresException refused => FromServer(refused, servers),
        NpgsqlException { InnerException: TimeoutException } => new(MetadataFault.Unavailable,
            $"The metadata database ({servers}) did not answer in time: try again.", error),
        NpgsqlException or SocketException or IOException or TimeoutException => new(MetadataFault.Unavailable,
            $"The metadata database ({servers}) cannot be reached: try again.", error),
        ObjectDisposedException => new(MetadataFault.Unavailable, "The metadata store is closing: try again.", error),
        _ => null,
    };

    /// <summary>The transaction was rolled back for the sake of another one: it may run again at once.</summary>
    public static bool MayRunAgain(Exception error) =>
        error is PostgresException { SqlState: PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.SerializationFailure };

    /// <summary>The connection broke or was closed by the server: what only read may be read again.</summary>
    public static bool IsBroken(Exception error) => error is PostgresException refused
        ? refused.SqlState.StartsWith("57P", StringComparison.Ordinal)
        : error is NpgsqlException { InnerException: IOException or SocketException };

    private static MetadataStoreException FromServer(PostgresException error, string servers) => error.SqlState switch
    {
        PostgresErrorCodes.DiskFull => new(MetadataFault.Full,
            $"The disk of the metadata database ({servers}) is full: free some space, then try again.", error),
        PostgresErrorCodes.ReadOnlySqlTransaction => new(MetadataFault.Unavailable,
            $"None of the metadata databases ({servers}) takes writes: make a replica primary, then try again.", error),
        PostgresErrorCodes.LockNotAvailable or PostgresErrorCodes.QueryCanceled
            or PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.SerializationFailure => new(
            MetadataFault.Unavailable, $"The metadata database ({servers}) is busy: try again.", error),
        PostgresErrorCodes.InvalidPassword or PostgresErrorCodes.InvalidAuthorizationSpecification => new(
            MetadataFault.Unavailable,
            $"The metadata database ({servers}) refuses the user: check Username and Password of the connection string.",
            error),
        PostgresErrorCodes.InvalidCatalogName => new(MetadataFault.Unavailable,
            $"The metadata database ({servers}) does not exist: make it, or name another in the connection string.", error),
        PostgresErrorCodes.InsufficientPrivilege => new(MetadataFault.Unavailable,
            $"The user of the metadata database ({servers}) lacks a right: let the user own the database. "
            + error.MessageText, error),
        PostgresErrorCodes.DataCorrupted or PostgresErrorCodes.IndexCorrupted => new(MetadataFault.Corrupt,
            $"The metadata database ({servers}) is damaged: stop, and restore it from a backup.", error),
        // Connection exceptions, insufficient resources, and an operator's intervention.
        ['0', '8', ..] or ['5', '3', ..] or ['5', '7', ..] => new(MetadataFault.Unavailable,
            $"The metadata database ({servers}) cannot serve now ({error.SqlState}): try again.", error),
        _ => new(MetadataFault.Internal, $"The metadata database ({servers}) failed: {error.MessageText}", error),
    };
}
