using System.Text.RegularExpressions;
using Npgsql;
using Rag.Metadata.Postgres;

namespace Rag.Metadata.Tests.Postgres;

/// <summary>A tenant with far more rows than others: what concerns it goes in steps, and what concerns all does not see them.</summary>
public sealed partial class FloodTests(SharedPostgres server)
{
    private const int Workspaces = 300;
    private const int Flood = 20_000;
    private const int Later = 20_000;

    private static readonly Guid Busy = Uid(1);

    [Fact]
    public async Task Due_jobs_are_read_in_their_order_and_no_more_than_are_listed()
    {
        var database = await server.CreateDatabaseAsync();
        await FillJobsAsync(database);
        var sql = PostgresJobQueue.ListDue(8, 256, null).Sql;
        await using var connection = new NpgsqlConnection(database + ";Search Path=rag;Pooling=false;Options=-c plan_cache_mode=force_generic_plan");
        await connection.OpenAsync();
        await ExecuteAsync(connection, $"PREPARE due (timestamptz, bigint, bigint) AS {sql}");
        var plan = await ReadAsync(connection, "EXPLAIN (ANALYZE, BUFFERS, TIMING OFF) EXECUTE due (NULL, 8, 256)");

        plan.ShouldContain("rows=256");
        plan.ShouldContain("Index Scan using ingestion_jobs_unfinished on ingestion_jobs due");
        plan.ShouldContain("Index Scan using job_turns_in_order");
        plan.ShouldNotContain("Bitmap");
        // Three pages of each of two indexes and the row; the flood that is not yet due lies in some hundred pages of its index.
        PagesOf(plan).ShouldBeLessThan(256 * 8 + 500, plan);

        // The check itself can fail: without the index in order, all jobs of a workspace are gathered first.
        await ExecuteAsync(connection, "DROP INDEX ingestion_jobs_unfinished");
        PagesOf(await ReadAsync(connection, "EXPLAIN (ANALYZE, BUFFERS, TIMING OFF) EXECUTE due (NULL, 8, 256)")).ShouldBeGreaterThan(256 * 8 + 500);
    }

    [Fact]
    public async Task A_workspace_with_many_waiting_jobs_is_deleted_and_all_of_them_cancelled()
    {
        var database = await server.CreateDatabaseAsync();
        await using var store = await PostgresMetadataStore.OpenAsync(new PostgresMetadataOptions { ConnectionString = database + ";Maximum Pool Size=4" });
        await FillJobsAsync(database, flood: 700);
        (await store.Workspaces.TryBeginDeleteAsync(Busy, 9, default)).ShouldBeNull();
        (await store.Jobs.GetBacklogAsync(default)).Waiting.ShouldBe(Later + 700 + Workspaces - 2);
        (await store.Workspaces.TryBeginDeleteAsync(Busy, 1, default))!.State.ShouldBe(WorkspaceState.Deleting);
        (await store.Jobs.GetBacklogAsync(default)).Waiting.ShouldBe(Later + Workspaces - 2);
        (await store.Jobs.ListAsync(Busy, [JobState.Cancelled], 0, 1000, default)).Count.ShouldBe(700);
        (await SharedPostgres.ScalarAsync<long>(database, $"SELECT unfinished FROM job_backlogs WHERE workspace_id = '{Busy}'")).ShouldBe(0);
        await store.Workspaces.EraseAsync(Busy, default);
        (await SharedPostgres.ScalarAsync<long>(database, $"SELECT count(*) FROM ingestion_jobs WHERE workspace_id = '{Busy}'")).ShouldBe(0);
    }

    [Fact]
    public async Task All_documents_of_a_large_workspace_are_invalidated_and_no_others()
    {
        var database = await server.CreateDatabaseAsync();
        await using var store = await PostgresMetadataStore.OpenAsync(new PostgresMetadataOptions { ConnectionString = database + ";Maximum Pool Size=4" });
        // Exactly some steps, and a rest.
        await SharedPostgres.ExecuteAsync(database, $"""
            INSERT INTO documents SELECT w.id, 'd' || i, '', '', '', '', sha256(''), 'f', 1, 1, 1, now(), now()
            FROM (VALUES ('{Uid(1)}'::uuid, 750), ('{Uid(2)}', 801), ('{Uid(3)}', 3)) AS w (id, rows), generate_series(1, w.rows) i
            """);
        await store.Documents.InvalidateAsync(Uid(1), null, default);
        await store.Documents.InvalidateAsync(Uid(2), null, default);
        (await SharedPostgres.ScalarAsync<long>(database, $"SELECT count(*) FROM documents WHERE fingerprint = ''")).ShouldBe(750 + 801);
        (await SharedPostgres.ScalarAsync<long>(database, $"SELECT count(*) FROM documents WHERE fingerprint <> '' AND workspace_id = '{Uid(3)}'")).ShouldBe(3);
    }

    /// <summary>A workspace with a flood, one whose jobs wait for a later try, and others with one job each.</summary>
    private static async Task FillJobsAsync(string database, int flood = Flood)
    {
        await SharedPostgres.ExecuteAsync(database, $"""
            INSERT INTO workspaces SELECT ('00000000-0000-0000-0000-' || lpad(to_hex(i), 12, '0'))::uuid, 'w' || i, 2, 1, 1, '', '', now(), now()
                FROM generate_series(1, {Workspaces}) i;
            INSERT INTO ingestion_jobs (job_id, workspace_id, workspace, document_id, file_name, media_type, metadata, force, request_id, state,
                outcome, reason, attempts, fence, size_bytes, content_hash, chunks, chunks_written, worker, ready_at, create_time, update_time, priority)
                SELECT gen_random_uuid(), ('00000000-0000-0000-0000-' || lpad(to_hex(w), 12, '0'))::uuid, 'w', 'd' || w || '-' || i, 'file', '', '',
                false, '', 1, 0, '', 0, 0, 1, sha256(''), 0, 0, '', now() + CASE w WHEN 2 THEN interval '1 hour' ELSE interval '0' END, now(), now(), 2
                FROM generate_series(1, {Workspaces}) w, generate_series(1, CASE w WHEN 1 THEN {flood} WHEN 2 THEN {Later} ELSE 1 END) i;
            INSERT INTO job_backlogs SELECT workspace_id, count(*) FROM ingestion_jobs GROUP BY 1;
            INSERT INTO job_turns SELECT workspace_id, row_number() OVER (ORDER BY workspace_id) FROM job_backlogs;
            """);
        await SharedPostgres.ExecuteAsync(database, "VACUUM ANALYZE");
    }

    private static int PagesOf(string plan)
    {
        var buffers = Buffers().Match(plan);
        buffers.Success.ShouldBeTrue(plan);
        return int.Parse(buffers.Groups["hit"].Value) + (buffers.Groups["read"] is { Success: true } read ? int.Parse(read.Value) : 0);
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    private static async Task<string> ReadAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await using var reader = await command.ExecuteReaderAsync();
        var lines = new List<string>();
        while (await reader.ReadAsync())
            lines.Add(reader.GetString(0));
        return string.Join('\n', lines);
    }

    private static Guid Uid(int workspace) => Guid.Parse($"00000000-0000-0000-0000-{workspace:x12}");

    /// <summary>Of the whole plan: its first line.</summary>
    [GeneratedRegex(@"Buffers: shared hit=(?<hit>\d+)(?: read=(?<read>\d+))?")]
    private static partial Regex Buffers();
}
