using Rag.Ingestor.Tests.Pipeline;
using Rag.Metadata.Postgres;
using Rag.Testing;

namespace Rag.Ingestor.Tests.Lanes;

/// <summary>Where the rows of jobs lie while their messages are in the lanes.</summary>
public abstract class LaneStore
{
    /// <summary>A file of the test's own.</summary>
    public static LaneStore Sqlite { get; } = new Embedded();

    /// <summary>An ingestor over an empty store.</summary>
    internal abstract Task<IngestorFixture> OpenAsync();

    private sealed class Embedded : LaneStore
    {
        internal override Task<IngestorFixture> OpenAsync() => IngestorFixture.OpenAsync();
    }
}

/// <summary>One PostgreSQL server for the tests of a class; each has a database of its own.</summary>
public sealed class PostgresLaneStore : LaneStore, IAsyncLifetime
{
    private PostgresServer? _server;
    private int _databases;

    public async ValueTask InitializeAsync()
    {
        if (PostgresServer.IsInstalled)
            _server = await PostgresServer.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
            await _server.DisposeAsync();
    }

    /// <summary>A connection string of an empty database.</summary>
    internal async Task<string> DatabaseAsync()
    {
        if (_server is null)
            Assert.Skip("PostgreSQL 15 is not installed.");
        var database = await _server.CreateDatabaseAsync($"lanes_{Interlocked.Increment(ref _databases)}");
        return database + ";Maximum Pool Size=16;Timeout=30;Command Timeout=60";
    }

    /// <summary>An ingestor over the database, as another process would have it open.</summary>
    internal async Task<IngestorFixture> OpenAsync(string database) => IngestorFixture.Over(await PostgresMetadataStore.OpenAsync(
        new PostgresMetadataOptions { ConnectionString = database, PollInterval = TimeSpan.FromMilliseconds(50) }));

    internal override async Task<IngestorFixture> OpenAsync() => await OpenAsync(await DatabaseAsync());
}
