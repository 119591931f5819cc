using Microsoft.Data.Sqlite;
using Rag.Metadata.Sqlite;
using Rag.Testing;

namespace Rag.Metadata.Tests.Sqlite;

/// <summary>A store in a folder of its own.</summary>
internal sealed class SqliteStoreFixture : StoreFixture
{
    private readonly TemporaryFolder _folder = new();

    public string Folder => _folder.Path;

    public SqliteMetadataStore Sqlite => (SqliteMetadataStore)Store;

    public static async Task<SqliteStoreFixture> StartAsync()
    {
        var fixture = new SqliteStoreFixture();
        await fixture.ReopenAsync();
        return fixture;
    }

    public override async Task<IMetadataStore> OpenAnotherAsync() => await SqliteMetadataStore.OpenAsync(
        new SqliteMetadataOptions { Folder = Folder, PollInterval = TimeSpan.FromMilliseconds(20) }, time: Time);

    public override Task<long> CountPiecesAsync()
    {
        using var connection = Open();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT count(*) FROM pieces";
        return Task.FromResult((long)command.ExecuteScalar()!);
    }

    public override Task DamageLastPieceAsync(PieceDamage damage)
    {
        using var connection = Open();
        using var command = connection.CreateCommand();
        command.CommandText = damage switch
        {
            PieceDamage.Zeroed => "UPDATE pieces SET data = zeroblob(length(data)) WHERE id = (SELECT max(id) FROM pieces)",
            PieceDamage.Cut => "UPDATE pieces SET data = x'00' WHERE id = (SELECT max(id) FROM pieces)",
            _ => "DELETE FROM pieces WHERE id = (SELECT max(id) FROM pieces)",
        };
        command.ExecuteNonQuery().ShouldBe(1);
        return Task.CompletedTask;
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        _folder.Dispose();
    }

    private SqliteConnection Open()
    {
        var connection = new SqliteConnection($"Data Source={Path.Combine(Folder, "blobs.db")};Pooling=False");
        connection.Open();
        return connection;
    }
}
