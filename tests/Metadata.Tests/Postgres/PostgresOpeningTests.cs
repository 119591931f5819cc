using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Npgsql;
using Rag.Metadata.Postgres;
using Rag.Testing;

namespace Rag.Metadata.Tests.Postgres;

public sealed class PostgresOpeningTests(SharedPostgres server)
{
    private const string Secret = "correct-horse-battery";

    [Fact]
    public async Task Many_processes_may_start_on_an_empty_database_at_once()
    {
        var options = new PostgresMetadataOptions { ConnectionString = await server.CreateDatabaseAsync(empty: true) + ";Command Timeout=60" };
        var stores = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => PostgresMetadataStore.OpenAsync(options)));
        await stores[0].Workspaces.InsertAsync(new NewWorkspace(Guid.CreateVersion7(), "a", new byte[1]), default);
        foreach (var store in stores)
        {
            (await store.Workspaces.FindByNameAsync("a", default)).ShouldNotBeNull();
            await store.DisposeAsync();
        }

        (await SharedPostgres.ScalarAsync<long>(options.ConnectionString, "SELECT count(*) FROM schema_versions"))
            .ShouldBe(PostgresMigrations.Newest);
    }

    [Fact]
    public async Task Documents_of_a_database_from_before_they_were_counted_are_counted()
    {
        var options = new PostgresMetadataOptions { ConnectionString = await server.CreateDatabaseAsync() };
        var (uid, other) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        await using (var store = await PostgresMetadataStore.OpenAsync(options))
        {
            await store.Workspaces.InsertAsync(new NewWorkspace(uid, "a", new byte[1]), default);
            await store.Workspaces.InsertAsync(new NewWorkspace(other, "b", new byte[1]), default);
            foreach (var id in new[] { "x", "y", "y", "z" })
                await store.Documents.UpsertAsync(Document(uid, id), default);
            (await store.Documents.CountAsync(uid, default)).ShouldBe(3, "what is replaced counts once");
        }

        await SharedPostgres.ExecuteAsync(options.ConnectionString,
            "DROP FUNCTION count_added_documents CASCADE; DROP FUNCTION count_removed_documents CASCADE; DROP TABLE document_counts; "
            + "DELETE FROM schema_versions WHERE version >= 3");
        await using var opened = await PostgresMetadataStore.OpenAsync(options);
        (await opened.Documents.CountAsync(uid, default)).ShouldBe(3);
        (await opened.Documents.CountAsync(other, default)).ShouldBe(0);
        await opened.Documents.DeleteAsync(uid, "x", 0, default);
        await opened.Documents.DeleteAsync(uid, "x", 0, default);
        await opened.Documents.UpsertAsync(Document(other, "x"), default);
        (await opened.Documents.CountAsync(uid, default)).ShouldBe(2);
        (await opened.Documents.CountAsync(other, default)).ShouldBe(1);

        static DocumentRecord Document(Guid workspace, string id) => new()
        {
            WorkspaceUid = workspace, DocumentId = id, ContentHash = new byte[32], Fingerprint = new byte[32], Version = 1,
        };
    }

    [Fact]
    public async Task A_database_of_a_newer_release_is_refused_with_a_sentence_that_says_what_to_do()
    {
        var options = new PostgresMetadataOptions { ConnectionString = await server.CreateDatabaseAsync() };
        await SharedPostgres.ExecuteAsync(options.ConnectionString, "INSERT INTO schema_versions (version) VALUES (99)");
        var error = await Should.ThrowAsync<MetadataStoreException>(PostgresMetadataStore.OpenAsync(options));
        error.Fault.ShouldBe(MetadataFault.TooNew);
        error.Message.ShouldContain("99");
        error.Message.ShouldContain("newer release");
    }

    [Fact]
    public async Task Every_table_of_the_schema_is_there_and_partitioned_as_it_should_be()
    {
        var database = await server.CreateDatabaseAsync();
        foreach (var table in new[]
        {
            "workspaces", "documents", "document_chunks", "ingestion_jobs", "chat_sessions", "chat_messages", "api_keys",
            "audit_log", "usage", "blobs", "blob_pieces", "document_counts",
        })
            (await SharedPostgres.ScalarAsync<bool>(database, $"SELECT to_regclass('rag.{table}') IS NOT NULL")).ShouldBeTrue(table);
        foreach (var table in new[] { "documents", "document_chunks" })
        {
            (await SharedPostgres.ScalarAsync<string>(database, $"SELECT pg_get_partkeydef('{table}'::regclass)"))
                .ShouldBe("HASH (workspace_id)");
        }

        foreach (var table in new[] { "chat_messages", "audit_log" })
        {
            (await SharedPostgres.ScalarAsync<string>(database, $"SELECT pg_get_partkeydef('{table}'::regclass)"))
                .ShouldBe("RANGE (create_time)");
        }
    }

    [Fact]
    public async Task A_server_that_is_away_or_lacks_the_database_is_told_without_the_password()
    {
        var logs = new KeptLogs();
        using var loggers = LoggerFactory.Create(logging => logging.SetMinimumLevel(LogLevel.Trace).AddProvider(logs));
        var running = await server.ServerAsync();
        foreach (var (hosts, expected) in new[] { ($"127.0.0.1:{FreePort.Next()}", "cannot be reached"), (running.Host, "does not exist") })
        {
            var options = new PostgresMetadataOptions
            {
                ConnectionString = $"{PostgresServer.ConnectionString(hosts, "nowhere")};Password={Secret}",
                StartPatience = TimeSpan.Zero,
            };
            var error = await Should.ThrowAsync<MetadataStoreException>(PostgresMetadataStore.OpenAsync(options, loggers));
            error.Fault.ShouldBe(MetadataFault.Unavailable);
            error.Message.ShouldContain(expected);
            error.Message.ShouldContain(hosts);
            error.ToString().ShouldNotContain(Secret);
        }

        logs.Entries.ShouldNotContain(entry => entry.Contains(Secret, StringComparison.Ordinal));
    }

    [Fact]
    public void Options_out_of_range_are_all_named_and_no_value_of_the_connection_string_is()
    {
        var errors = new PostgresMetadataOptions
        {
            ConnectionString = "", PollInterval = TimeSpan.Zero, MaxReplicaLag = TimeSpan.Zero, StartPatience = TimeSpan.FromHours(1),
            MaintenanceInterval = TimeSpan.Zero, MonthsAhead = 0, ChatRetention = TimeSpan.FromHours(1), AuditRetention = TimeSpan.FromHours(1),
        }.Validate().ToList();
        errors.Count.ShouldBe(8);
        foreach (var wrong in new[] { $"Pasword={Secret};Host=a", $"Host=a;Timeout={Secret}", $"Host=a;{Secret}" })
        {
            var error = new PostgresMetadataOptions { ConnectionString = wrong }.Validate().ShouldHaveSingleItem();
            error.ShouldNotContain(Secret);
        }
    }

    [Fact]
    public void What_the_connection_string_names_counts_and_the_rest_has_limits()
    {
        var connection = new PostgresMetadataOptions { ConnectionString = "Host=a,b;Maximum Pool Size=7" }.Connection();
        (connection.MaxPoolSize, connection.Timeout, connection.CommandTimeout, connection.MaxAutoPrepare, connection.KeepAlive)
            .ShouldBe((7, 3, 10, 128, 15));
        connection.SearchPath.ShouldBe("rag");
    }

    [Theory]
    [InlineData(PostgresErrorCodes.DiskFull, MetadataFault.Full)]
    [InlineData(PostgresErrorCodes.TooManyConnections, MetadataFault.Unavailable)]
    [InlineData(PostgresErrorCodes.AdminShutdown, MetadataFault.Unavailable)]
    [InlineData(PostgresErrorCodes.CannotConnectNow, MetadataFault.Unavailable)]
    [InlineData(PostgresErrorCodes.ConnectionFailure, MetadataFault.Unavailable)]
    [InlineData(PostgresErrorCodes.ReadOnlySqlTransaction, MetadataFault.Unavailable)]
    [InlineData(PostgresErrorCodes.LockNotAvailable, MetadataFault.Unavailable)]
    [InlineData(PostgresErrorCodes.QueryCanceled, MetadataFault.Unavailable)]
    [InlineData(PostgresErrorCodes.DeadlockDetected, MetadataFault.Unavailable)]
    [InlineData(PostgresErrorCodes.InvalidPassword, MetadataFault.Unavailable)]
    [InlineData(PostgresErrorCodes.DataCorrupted, MetadataFault.Corrupt)]
    [InlineData(PostgresErrorCodes.UndefinedTable, MetadataFault.Internal)]
    public void What_the_server_reports_has_a_kind(string code, MetadataFault fault)
    {
        var error = new PostgresException("said the server", "ERROR", "ERROR", code);
        PostgresFaults.Translate(error, "db-0")!.Fault.ShouldBe(fault);
        PostgresFaults.Translate(new InvalidOperationException(), "db-0").ShouldBeNull();
    }

    [Fact]
    public async Task Names_that_the_database_cannot_hold_are_simply_not_there()
    {
        await using var fixture = await PostgresStoreFixture.StartAsync(server);
        var workspace = await fixture.ActiveWorkspaceAsync();
        (await fixture.Store.Workspaces.FindByNameAsync("a\0", default)).ShouldBeNull();
        (await fixture.Store.Documents.FindAsync(workspace.Uid, "a\0", default)).ShouldBeNull();
        (await fixture.Store.Documents.DeleteAsync(workspace.Uid, "a\0", 0, default)).ShouldBeFalse();
        await fixture.Store.Documents.InvalidateAsync(workspace.Uid, ["a\0"], default);
        await fixture.Store.Documents.UpsertAsync(StoreFixture.Document(workspace, "d") with { Title = "a\0b" }, default);
        (await fixture.Store.Documents.FindAsync(workspace.Uid, "d", default))!.Title.ShouldBe("a\uFFFDb");
    }

    [Fact]
    public async Task A_server_that_goes_away_is_told_of_and_found_again()
    {
        if (!PostgresServer.IsInstalled)
            Assert.Skip("PostgreSQL 15 is not installed.");
        await using var own = await PostgresServer.StartAsync();
        await using var store = await PostgresMetadataStore.OpenAsync(
            new PostgresMetadataOptions { ConnectionString = await own.CreateDatabaseAsync("rag") });
        await store.Workspaces.InsertAsync(new NewWorkspace(Guid.CreateVersion7(), "a", new byte[1]), default);
        await own.KillAsync();
        for (var i = 0; i < 3; i++)
        {
            (await Should.ThrowAsync<MetadataStoreException>(async () => await store.Workspaces.FindByNameAsync("a", default)))
                .Fault.ShouldBe(MetadataFault.Unavailable);
        }

        await own.StartAsync();
        await Eventually.HoldsAsync(async () =>
        {
            try
            {
                return await store.Workspaces.FindByNameAsync("a", default) is not null;
            }
            catch (MetadataStoreException)
            {
                return false;
            }
        }, "the store works again", TimeSpan.FromSeconds(60));
    }

    private sealed class KeptLogs : ILoggerProvider, ILogger
    {
        public ConcurrentQueue<string> Entries { get; } = new();

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Entries.Enqueue($"{formatter(state, exception)} {exception}");

        public void Dispose()
        {
        }
    }
}
