using System.Diagnostics;
using System.Globalization;
using Npgsql;
using Rag.Metadata;
using Rag.Metadata.Postgres;
using Rag.Testing;

namespace Rag.Benchmarks;

/// <summary>
/// Every query of the metadata store against a real PostgreSQL that syncs to disk:
/// <c>dotnet run -c Release --project bench -- metadata [DOCUMENTS]</c>. A million documents in 1,000 workspaces, 100,000
/// jobs of which 10,000 wait. Closed loop: 8 callers, each asks again when it has its answer, for 3 s a query after a
/// warm-up of 1 s; then one caller. The bar is a p99 under 10 ms; the exit code says whether all met it.
/// </summary>
internal static class MetadataReport
{
    private const int Workspaces = 1000;
    private const double BarMs = 10;

    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Measured = TimeSpan.FromSeconds(3);

    public static async Task<int> RunAsync(int documents)
    {
        if (!PostgresServer.IsInstalled)
        {
            await Console.Error.WriteLineAsync("PostgreSQL 15 is missing: apt-get install postgresql-15.");
            return 1;
        }

        await using var server = await PostgresServer.StartAsync(
            "fsync=on", "full_page_writes=on", "shared_buffers=512MB", "max_wal_size=4GB");
        await server.QueryAsync("postgres", "CREATE DATABASE rag");
        await using var store = await PostgresMetadataStore.OpenAsync(
            new PostgresMetadataOptions { ConnectionString = server.ConnectionString("rag") });
        var watch = Stopwatch.StartNew();
        await FillAsync(server.ConnectionString("rag"), documents);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{documents:N0} documents in {Workspaces:N0} workspaces, filled in {watch.Elapsed.TotalSeconds:0} s\n"));
        Console.WriteLine("| query | callers | a second | p50 ms | p99 ms | bar |\n| --- | --- | --- | --- | --- | --- |");
        var met = true;
        foreach (var callers in new[] { 8, 1 })
        {
            foreach (var (name, query) in Queries(store, documents))
                met &= await RowAsync(name, callers, query);
        }

        return met ? 0 : 1;
    }

    private static IEnumerable<(string Name, Func<Random, Task> Query)> Queries(IMetadataStore store, int documents)
    {
        var each = documents / Workspaces;
        yield return ("workspace by name", random => store.Workspaces.FindByNameAsync($"w{random.Next(Workspaces)}", default).AsTask());
        yield return ("workspaces, page of 100", random => store.Workspaces.ListAsync($"w{random.Next(Workspaces)}", 100, default).AsTask());
        yield return ("document", random => store.Documents.FindAsync(Uid(random.Next(Workspaces)), Id(random.Next(each)), default).AsTask());
        yield return ("documents, page of 100", random => store.Documents.ListAsync(Uid(random.Next(Workspaces)), Id(random.Next(each)), 100, default).AsTask());
        yield return ("documents of a workspace counted", random => store.Documents.CountAsync(Uid(random.Next(Workspaces)), default).AsTask());
        yield return ("document recorded", random => store.Documents.UpsertAsync(new DocumentRecord
        {
            WorkspaceUid = Uid(random.Next(Workspaces)), DocumentId = Id(random.Next(each)), ContentHash = new byte[32],
            Fingerprint = new byte[32], Version = 2,
        }, default));
        yield return ("jobs, page of 50", random => store.Jobs.ListAsync(Uid(random.Next(Workspaces)), [], 0, 50, default).AsTask());
        yield return ("dead letters, page of 50", random => store.Jobs.ListAsync(Uid(random.Next(Workspaces)), [JobState.Failed], 0, 50, default).AsTask());
        yield return ("job by id", random => store.Jobs.FindAsync(Uid(random.Next(Workspaces)), JobId(random.Next(100_000)), default).AsTask());
        yield return ("job queued", random => EnqueueAsync(store, random));
        yield return ("jobs due listed, 256", _ => store.Jobs.ListDueAsync(8, 256, default).AsTask());
        yield return ("claim of 4 and their end", async random =>
        {
            foreach (var job in await store.Jobs.ClaimAsync($"worker-{random.Next(8)}", 4, TimeSpan.FromMinutes(1), default))
                await store.Jobs.CompleteAsync(job.JobId, job.Fence, JobOutcome.NoText, null, default);
        });
        yield return ("claim of 4", random => store.Jobs.ClaimAsync($"worker-{random.Next(8)}", 4, TimeSpan.FromMinutes(1), default));
    }

    private static Task EnqueueAsync(IMetadataStore store, Random random) => store.Jobs.EnqueueAsync(
        new NewJob
        {
            JobId = Guid.CreateVersion7(), WorkspaceUid = Uid(random.Next(Workspaces)), Workspace = "w",
            DocumentId = Guid.NewGuid().ToString("N"), SizeBytes = 1, ContentHash = new byte[32],
        },
        1_000_000, default);

    private static async Task<bool> RowAsync(string name, int callers, Func<Random, Task> query)
    {
        await LoopAsync(callers, WarmUp, query);
        var watch = Stopwatch.StartNew();
        var times = await LoopAsync(callers, Measured, query);
        var seconds = watch.Elapsed.TotalSeconds;
        times.Sort();
        var (p50, p99) = (times[times.Count / 2], times[(int)(times.Count * 0.99)]);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"| {name} | {callers} | {times.Count / seconds:N0} | {p50:0.00} | {p99:0.00} | {(p99 < BarMs ? "met" : "missed")} |"));
        return p99 < BarMs;
    }

    private static async Task<List<double>> LoopAsync(int callers, TimeSpan time, Func<Random, Task> query)
    {
        var watch = Stopwatch.StartNew();
        var loops = Enumerable.Range(0, callers).Select(caller => Task.Run(async () =>
        {
            var random = new Random(caller);
            var times = new List<double>();
            do
            {
                var started = Stopwatch.GetTimestamp();
                await query(random);
                times.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
            }
            while (watch.Elapsed < time);
            return times;
        }));
        return [.. (await Task.WhenAll(loops)).SelectMany(static times => times)];
    }

    private static Guid Uid(int workspace) => Guid.Parse($"00000000-0000-0000-0000-{workspace:x12}");

    private static Guid JobId(int job) => Guid.Parse($"00000000-0000-0000-0001-{job:x12}");

    private static string Id(int document) => string.Create(CultureInfo.InvariantCulture, $"d{document:00000000}");

    private static async Task FillAsync(string connectionString, int documents)
    {
        await using var connection = new NpgsqlConnection(connectionString + ";Search Path=rag;Command Timeout=0;Pooling=false");
        await connection.OpenAsync();
        string[] statements =
        [
            $"""
            INSERT INTO workspaces SELECT ('00000000-0000-0000-0000-' || lpad(to_hex(i), 12, '0'))::uuid, 'w' || i, 2, 1, 1,
                decode(repeat('00', 200), 'hex'), '', now(), now() FROM generate_series(0, {Workspaces - 1}) i
            """,
            $"""
            INSERT INTO documents SELECT ('00000000-0000-0000-0000-' || lpad(to_hex(i % {Workspaces}), 12, '0'))::uuid,
                'd' || lpad((i / {Workspaces})::text, 8, '0'), 'A title of some words', 'file-' || i || '.pdf', 'application/pdf',
                decode(repeat('00', 100), 'hex'), sha256(i::text::bytea), sha256(''), 100000, 20, 1, now(), now()
                FROM generate_series(0, {documents - 1}) i
            """,
            $"""
            INSERT INTO ingestion_jobs (job_id, workspace_id, workspace, document_id, file_name, media_type, metadata, force,
                request_id, state, outcome, reason, attempts, fence, size_bytes, content_hash, chunks, chunks_written, worker,
                ready_at, create_time, update_time, priority)
                SELECT ('00000000-0000-0000-0001-' || lpad(to_hex(i), 12, '0'))::uuid,
                ('00000000-0000-0000-0000-' || lpad(to_hex(i % {Workspaces}), 12, '0'))::uuid, 'w', 'd' || i, 'file', '', '', false, '',
                CASE i % 97 % 10 WHEN 0 THEN 1 WHEN 1 THEN 6 ELSE 5 END, 0, '', 0, 0, 1, sha256(''), 1, 1, '',
                CASE WHEN i % 97 % 10 = 0 THEN now() END, now(), now(), 2 FROM generate_series(0, 99999) i
            """,
            "INSERT INTO job_backlogs SELECT workspace_id, count(*) FROM ingestion_jobs WHERE ready_at IS NOT NULL GROUP BY 1",
            "INSERT INTO job_turns SELECT workspace_id, row_number() OVER () FROM job_backlogs", "VACUUM ANALYZE", "CHECKPOINT",
        ];
        foreach (var statement in statements)
        {
            await using var command = new NpgsqlCommand(statement, connection);
            await command.ExecuteNonQueryAsync();
        }
    }
}
