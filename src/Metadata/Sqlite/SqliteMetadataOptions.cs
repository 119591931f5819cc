namespace Rag.Metadata.Sqlite;

/// <summary>Where a SQLite metadata store lies and how it behaves.</summary>
public sealed class SqliteMetadataOptions
{
    /// <summary>
    /// Folder of metadata.db and blobs.db; made if missing. Several processes of one machine may share it; it must not
    /// be on a network file system.
    /// </summary>
    public required string Folder { get; init; }

    /// <summary>How long a write waits for another process's write. Default 10 s; 1 s to 5 min.</summary>
    public TimeSpan BusyTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How often waiting for work looks at what other processes did. Default 250 ms; 10 ms to 1 min.</summary>
    public TimeSpan PollInterval { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>Writes that wait for the one writer; more than these wait before the queue. Default 1,024.</summary>
    public int WriteQueueLength { get; init; } = 1024;

    /// <summary>Reads at a time; each keeps a connection of about 2 MiB at most. Default 8; 1 to 64.</summary>
    public int MaxReaders { get; init; } = 8;

    /// <summary>Every option that is out of range, as a sentence.</summary>
    public IEnumerable<string> Validate()
    {
        if (string.IsNullOrWhiteSpace(Folder))
            yield return $"{nameof(Folder)}: name the folder of the metadata store.";
        if (BusyTimeout < TimeSpan.FromSeconds(1) || BusyTimeout > TimeSpan.FromMinutes(5))
            yield return $"{nameof(BusyTimeout)}: {BusyTimeout} is not between 1 second and 5 minutes.";
        if (PollInterval < TimeSpan.FromMilliseconds(10) || PollInterval > TimeSpan.FromMinutes(1))
            yield return $"{nameof(PollInterval)}: {PollInterval} is not between 10 milliseconds and 1 minute.";
        if (WriteQueueLength is < 1 or > 65_536)
            yield return $"{nameof(WriteQueueLength)}: {WriteQueueLength} is not between 1 and 65,536.";
        if (MaxReaders is < 1 or > 64)
            yield return $"{nameof(MaxReaders)}: {MaxReaders} is not between 1 and 64.";
    }
}
