using Npgsql;
using Rag.Metadata.Postgres;
using Rag.Metadata.Tests;
using Rag.Testing;

[assembly: AssemblyFixture(typeof(SharedPostgres))]

namespace Rag.Metadata.Tests;

/// <summary>
/// One server for the whole assembly, started when the first test asks for it; each test has a database of its own,
/// copied from one with the newest schema.
/// </summary>
public sealed class SharedPostgres : IAsyncDisposable
{
    private const string Template = "template_rag";

    private readonly SemaphoreSlim _once = new(1);
    private PostgresServer? _server;
    private int _databases;

    public StoreBackend Backend => new(async () => await PostgresStoreFixture.StartAsync(this));

    public async Task<PostgresServer> ServerAsync()
    {
        if (!PostgresServer.IsInstalled)
            Assert.Skip("PostgreSQL 15 is not installed.");
        await _once.WaitAsync();
        try
        {
            if (_server is not null)
                return _server;
            var server = await PostgresServer.StartAsync();
            try
            {
                var template = await server.CreateDatabaseAsync(Template);
                await using (await PostgresMetadataStore.OpenAsync(new PostgresMetadataOptions { ConnectionString = template + ";Pooling=false" }))
                {
                }

                _server = server;
                return server;
            }
            catch
            {
                await server.DisposeAsync();
                throw;
            }
        }
        finally
        {
            _once.Release();
        }
    }

    /// <summary>A connection string of a new database.</summary>
    /// <param name="empty">Without a schema.</param>
    public async Task<string> CreateDatabaseAsync(bool empty = false)
    {
        var server = await ServerAsync();
        var name = $"test_{Interlocked.Increment(ref _databases)}";
        await ExecuteAsync(server.ConnectionString("postgres"),
            empty ? $"CREATE DATABASE {name}" : $"CREATE DATABASE {name} TEMPLATE {Template}");
        return server.ConnectionString(name);
    }

    public static async Task ExecuteAsync(string connectionString, string sql)
    {
        await using var connection = new NpgsqlConnection(connectionString + ";Pooling=false;Search Path=rag");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    public static async Task<T> ScalarAsync<T>(string connectionString, string sql)
    {
        await using var connection = new NpgsqlConnection(connectionString + ";Pooling=false;Search Path=rag");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return (T)(await command.ExecuteScalarAsync())!;
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
            await _server.DisposeAsync();
        _once.Dispose();
    }
}
