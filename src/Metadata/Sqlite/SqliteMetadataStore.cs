using Microsoft.Extensions.Logging;

namespace Rag.Metadata.Sqlite;

/// <summary>
/// The metadata store in two SQLite files of one folder: metadata.db, and blobs.db for the bytes of files. Several
/// processes of one machine may have it open.
/// </summary>
public sealed class SqliteMetadataStore : IMetadataStore
{
    /// <summary>"RagM" and "RagB" in ASCII: what the files say they are.</summary>
    private const int MetadataApplicationId = 0x5261674D;
    private const int BlobsApplicationId = 0x52616742;

    private readonly SqliteDatabase _metadata;
    private readonly SqliteDatabase _blobs;

    private SqliteMetadataStore(
        SqliteDatabase metadata, SqliteDatabase blobs, SqliteMetadataOptions options, ILogger logger, TimeProvider time)
    {
        _metadata = metadata;
        _blobs = blobs;
        var signals = new ChangeSignals(options.PollInterval, time);
        Workspaces = new SqliteWorkspaceStore(metadata, signals, time);
        Documents = new SqliteDocumentStore(metadata, time);
        Jobs = new SqliteJobStore(metadata, signals, time);
        Blobs = new SqliteBlobStore(blobs, logger, time);
    }

    public IWorkspaceStore Workspaces { get; }

    public IDocumentStore Documents { get; }

    public IJobStore Jobs { get; }

    public IBlobStore Blobs { get; }

    /// <summary>Opens or makes the store and brings its schema up to date.</summary>
    /// <param name="loggers">Null: nothing is logged.</param>
    /// <param name="time">Null: the system's clock.</param>
    /// <exception cref="ArgumentException">An option is out of range; the message lists every one that is.</exception>
    /// <exception cref="MetadataStoreException">The files cannot be used, or a newer release wrote them.</exception>
    public static async Task<SqliteMetadataStore> OpenAsync(
        SqliteMetadataOptions options, ILoggerFactory? loggers = null, TimeProvider? time = null,
        CancellationToken cancellationToken = default)
    {
        var problems = string.Join(Environment.NewLine, options.Validate());
        if (problems.Length > 0)
            throw new ArgumentException(problems, nameof(options));
        cancellationToken.ThrowIfCancellationRequested();
        loggers ??= Microsoft.Extensions.Logging.Abstractions.NullLoggerFactory.Instance;
        var logger = loggers.CreateLogger<SqliteMetadataStore>();
        Directory.CreateDirectory(options.Folder);
        var metadata = SqliteDatabase.Open(
            Path.Combine(options.Folder, "metadata.db"), "metadata", MetadataApplicationId, 4096, options, logger);
        try
        {
            // Pieces are 1 MiB: large pages make their chains short.
            var blobs = SqliteDatabase.Open(
                Path.Combine(options.Folder, "blobs.db"), "blobs", BlobsApplicationId, 32768, options, logger);
            return new SqliteMetadataStore(metadata, blobs, options, logger, time ?? TimeProvider.System);
        }
        catch
        {
            await metadata.DisposeAsync();
            throw;
        }
    }

    /// <summary>Runs on the writer of metadata.db, for tests of what happens there.</summary>
    internal Task<T> RunOnWriterAsync<T>(Func<SqliteSession, T> write) =>
        _metadata.WriteAsync(write, CancellationToken.None);

    /// <summary>Finishes the writes that are queued and closes the files. Idempotent.</summary>
    public async ValueTask DisposeAsync()
    {
        await _metadata.DisposeAsync();
        await _blobs.DisposeAsync();
    }
}
