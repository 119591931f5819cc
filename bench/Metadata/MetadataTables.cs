using System.Globalization;
using Npgsql;

namespace Rag.Benchmarks;

/// <summary>
/// What the tables hold before queries are made: 1,000 workspaces with their documents, and 100 jobs each, of which 20 wait,
/// 20 are dead letters, and 20 are old enough to be forgotten; and workspaces that are there to be deleted. Ids are made of
/// numbers, so that queries find them without looking.
/// </summary>
internal static class MetadataTables
{
    public const int Workspaces = 1000;
    public const int JobsPerWorkspace = 100;

    /// <summary>Workspaces to be deleted, each with 20 documents and 5 waiting jobs.</summary>
    public const int Doomed = 400;

    private const string UidOf = "('00000000-0000-0000-0000-' || lpad(to_hex(w), 12, '0'))::uuid";

    public static Guid Uid(int workspace) => Guid.Parse($"00000000-0000-0000-0000-{workspace:x12}");

    public static Guid DoomedUid(int workspace) => Uid(Workspaces + workspace);

    public static string DocumentId(int document) => string.Create(CultureInfo.InvariantCulture, $"d{document:00000000}");

    /// <summary>A job of a workspace: of each five the first waits, the second is a dead letter, the others are done.</summary>
    public static Guid JobId(int workspace, int job) => Guid.Parse($"00000000-0000-0000-0001-{(job << 16) + workspace:x12}");

    public static string RequestId(int workspace, int job) => JobId(workspace, job).ToString("D");

    public static async Task FillAsync(string connectionString, int documents)
    {
        await using var connection = new NpgsqlConnection(connectionString + ";Search Path=rag;Command Timeout=0;Pooling=false");
        await connection.OpenAsync();
        string[] statements =
        [
            $"""
            INSERT INTO workspaces SELECT {UidOf}, 'w' || w, 2, 1, 1, decode(repeat('00', 200), 'hex'), '', now(), now()
                FROM generate_series(0, {Workspaces + Doomed - 1}) w
            """,
            Documents(0, Workspaces - 1, documents / Workspaces), Documents(Workspaces, Workspaces + Doomed - 1, 20),
            Jobs(0, Workspaces - 1, JobsPerWorkspace), Jobs(Workspaces, Workspaces + Doomed - 1, 25),
            "INSERT INTO job_backlogs SELECT workspace_id, count(*) FROM ingestion_jobs WHERE ready_at IS NOT NULL GROUP BY 1",
            "INSERT INTO job_turns SELECT workspace_id, row_number() OVER () FROM job_backlogs", "VACUUM ANALYZE", "CHECKPOINT",
        ];
        foreach (var statement in statements)
        {
            await using var command = new NpgsqlCommand(statement, connection);
            await command.ExecuteNonQueryAsync();
        }
    }

    private static string Documents(int first, int last, int each) =>
        $"""
        INSERT INTO documents SELECT {UidOf}, 'd' || lpad(d::text, 8, '0'), 'A title of some words', 'file-' || d || '.pdf',
            'application/pdf', decode(repeat('00', 100), 'hex'), sha256(d::text::bytea), sha256(''), 100000, 20, 1, now(), now()
            FROM generate_series(0, {each - 1}) d, generate_series({first}, {last}) w
        """;

    private static string Jobs(int first, int last, int each) =>
        $"""
        INSERT INTO ingestion_jobs (job_id, workspace_id, workspace, document_id, file_name, media_type, metadata, force,
            request_id, state, outcome, reason, attempts, fence, size_bytes, content_hash, chunks, chunks_written, worker,
            ready_at, create_time, update_time, priority)
            SELECT id, {UidOf}, 'w' || w, 'j' || j, 'file', '', '', false, id::text, CASE j % 5 WHEN 0 THEN 1 WHEN 1 THEN 6 ELSE 5 END,
            0, '', 0, 0, 1, sha256(''), 1, 1, '', CASE WHEN j % 5 = 0 THEN now() END, now(),
            now() - CASE j % 5 WHEN 2 THEN interval '8 days' ELSE interval '1 day' END, 2
            FROM generate_series(0, {each - 1}) j, generate_series({first}, {last}) w,
            LATERAL (SELECT ('00000000-0000-0000-0001-' || lpad(to_hex((j << 16) + w), 12, '0'))::uuid AS id) ids
        """;
}
