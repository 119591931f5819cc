using Npgsql;
using Rag.Metadata.Postgres;

namespace Rag.Metadata.Tests;

/// <summary>A store in a database of its own.</summary>
internal sealed class PostgresStoreFixture : StoreFixture
{
    private PostgresStoreFixture(string connectionString) => ConnectionString = connectionString;

    public string ConnectionString { get; }

    public PostgresMetadataStore Postgres => (PostgresMetadataStore)Store;

    public static async Task<PostgresStoreFixture> StartAsync(SharedPostgres server)
    {
        var fixture = new PostgresStoreFixture(await server.CreateDatabaseAsync());
        await fixture.ReopenAsync();
        return fixture;
    }

    public override async Task<IMetadataStore> OpenAnotherAsync() => await PostgresMetadataStore.OpenAsync(
        new PostgresMetadataOptions
        {
            // Two stores with more connections than this would take all that the server has.
            ConnectionString = ConnectionString + ";Maximum Pool Size=16;Command Timeout=60;Timeout=30",
            PollInterval = TimeSpan.FromMilliseconds(20),
        },
        time: Time);

    public override Task<long> CountPiecesAsync() =>
        SharedPostgres.ScalarAsync<long>(ConnectionString, "SELECT count(*) FROM blob_pieces");

    public override Task DamageLastPieceAsync(PieceDamage damage)
    {
        const string Last = "WHERE (blob_id, number) = (SELECT blob_id, number FROM blob_pieces ORDER BY 1 DESC, 2 DESC LIMIT 1)";
        return SharedPostgres.ExecuteAsync(ConnectionString, damage switch
        {
            PieceDamage.Zeroed => $"UPDATE blob_pieces SET data = decode(repeat('00', length(data)), 'hex') {Last}",
            PieceDamage.Cut => $"UPDATE blob_pieces SET data = decode('00', 'hex') {Last}",
            _ => $"DELETE FROM blob_pieces {Last}",
        });
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        var connection = new NpgsqlConnectionStringBuilder(ConnectionString);
        var name = connection.Database;
        connection.Database = "postgres";
        await SharedPostgres.ExecuteAsync(connection.ConnectionString, $"DROP DATABASE {name} WITH (FORCE)");
    }
}
