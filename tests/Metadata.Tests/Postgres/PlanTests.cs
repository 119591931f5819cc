using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.RegularExpressions;
using Npgsql;
using Rag.Metadata.Postgres;
using Rag.Testing;

namespace Rag.Metadata.Tests.Postgres;

/// <summary>
/// Every operation of the store, run on tables that are filled enough, by the plans that a server caches for good: the
/// server itself reports each plan (auto_explain), and Npgsql each round trip.
/// </summary>
public sealed partial class PlanTests(SharedPostgres server)
{
    private const int Workspaces = 400;

    private static readonly Guid Filled = new("00000000-0000-0000-0000-000000000007");

    [Fact]
    public async Task Every_operation_uses_an_index_and_one_round_trip()
    {
        var database = await FillAsync();
        var running = await server.ServerAsync();
        await using var store = await PostgresMetadataStore.OpenAsync(new PostgresMetadataOptions
        {
            ConnectionString = database + ";Maximum Pool Size=8;Command Timeout=60;Timeout=30;Options=-c session_preload_libraries=auto_explain "
                + "-c auto_explain.log_min_duration=0 -c auto_explain.log_nested_statements=on -c plan_cache_mode=force_generic_plan",
        });
        await store.Listening.WaitAsync(TimeSpan.FromSeconds(60));
        using var trips = new RoundTrips();
        var failures = new List<string>();
        foreach (var (operation, expected, run) in Operations(store))
        {
            await MarkAsync(database, running, operation);
            var taken = await trips.CollectAsync(run);
            if (taken.Count != expected)
                failures.Add($"{operation}: {taken.Count} round trips instead of {expected}: {string.Join("; ", taken)}");
            var plans = await PlansAsync(database, running, operation);
            plans.ShouldContain("Query Text:", customMessage: $"{operation} left no plan: this test sees nothing");
            failures.AddRange(SequentialScan().Matches(plans).Select(scan => $"{operation}: {scan.Value}"));
        }

        failures.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_query_that_no_index_serves_is_noticed()
    {
        // The check itself can fail: the same tables, a query that the product does not have.
        var database = await FillAsync(documents: 3000);
        await using var connection = new NpgsqlConnection(database + ";Search Path=rag;Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand("EXPLAIN SELECT 1 FROM documents WHERE title = 'x'", connection);
        await using var reader = await command.ExecuteReaderAsync();
        var plan = "";
        while (await reader.ReadAsync())
            plan += reader.GetString(0) + "\n";
        SequentialScan().IsMatch(plan).ShouldBeTrue();
    }

    private static IEnumerable<(string Name, int Trips, Func<Task> Run)> Operations(PostgresMetadataStore store)
    {
        var lease = TimeSpan.FromMinutes(1);
        var (workspaces, documents, jobs, blobs) = (store.Workspaces, store.Documents, store.Jobs, store.Blobs);
        var made = new WorkspaceRecord
        {
            Uid = Guid.CreateVersion7(), Name = "made", State = WorkspaceState.Active, Version = 1, AppliedVersion = 1,
            Settings = default, CreateTime = default, UpdateTime = default,
        };
        var queued = StoreFixture.NewJob(made, "d", "request");
        var blobId = Guid.CreateVersion7();
        JobRecord job = null!;
        yield return ("insert workspace", 1, () => workspaces.InsertAsync(new NewWorkspace(made.Uid, made.Name, new byte[9], "request"), default));
        yield return ("mark applied", 1, () => workspaces.MarkAppliedAsync(made.Uid, 1, default));
        yield return ("workspace by name", 1, () => workspaces.FindByNameAsync("w7", default).AsTask());
        yield return ("workspace by uid", 1, () => workspaces.FindByUidAsync(Filled, default).AsTask());
        yield return ("list workspaces", 1, () => workspaces.ListAsync("w3", 50, default).AsTask());
        yield return ("unfinished workspaces", 1, () => workspaces.ListUnfinishedAsync(50, default).AsTask());
        yield return ("update workspace", 1, () => workspaces.TryUpdateAsync(made.Uid, 1, new byte[3], default));
        yield return ("upsert document", 1, () => documents.UpsertAsync(StoreFixture.Document(made, "d"), default));
        yield return ("find document", 1, () => documents.FindAsync(Filled, "d00000050", default).AsTask());
        yield return ("list documents", 1, () => documents.ListAsync(Filled, "d00000050", 100, default).AsTask());
        yield return ("count documents", 1, () => documents.CountAsync(Filled, default).AsTask());
        yield return ("invalidate some", 1, () => documents.InvalidateAsync(Filled, ["d00000050", "none"], default));
        // The workspace has exactly the documents of one step.
        yield return ("invalidate all", 2, () => documents.InvalidateAsync(Filled, null, default));
        yield return ("delete document", 1, () => documents.DeleteAsync(Filled, "d00000050", 0, default));
        yield return ("enqueue", 1, () => jobs.EnqueueAsync(queued, 1000, default));
        yield return ("enqueue again", 1, () => jobs.EnqueueAsync(queued with { JobId = Guid.CreateVersion7() }, 1000, default));
        yield return ("claim", 1, async () => job = (await jobs.ClaimAsync("worker", 16, lease, default))[0]);
        yield return ("claim one", 1, async () => (await jobs.ClaimOneAsync(queued.JobId, "worker", lease, default)).ShouldNotBeNull());
        yield return ("list due", 1, () => jobs.ListDueAsync(8, 256, default).AsTask());
        yield return ("renew", 1, () => jobs.RenewAsync(job.JobId, job.Fence, lease, default));
        yield return ("report", 1, () => jobs.ReportAsync(job.JobId, job.Fence, new JobProgress(JobState.Indexing, 1, 1), default));
        yield return ("workers", 1, () => jobs.ListWorkersAsync(default).AsTask());
        yield return ("complete", 1, () => jobs.CompleteAsync(queued.JobId, 1, JobOutcome.Indexed, StoreFixture.Document(made, "d", 2), default));
        yield return ("retry", 1, () => jobs.RetryAsync(job.JobId, job.Fence, "later", lease, default));
        yield return ("expire leases", 1, () => jobs.ExpireLeasesAsync("worker", default));
        yield return ("release", 1, () => jobs.ReleaseAsync(job.JobId, job.Fence, default));
        yield return ("fail", 1, () => jobs.FailAsync(job.JobId, job.Fence, "no", default));
        yield return ("requeue", 1, () => jobs.RequeueAsync(job.WorkspaceUid, job.JobId, 1000, default));
        yield return ("cancel", 1, () => jobs.CancelAsync(job.WorkspaceUid, job.JobId, default));
        yield return ("cancel document", 1, () => jobs.CancelDocumentAsync(Filled, "d1", default));
        yield return ("find job", 1, () => jobs.FindAsync(made.Uid, queued.JobId, default).AsTask());
        yield return ("find request", 1, () => jobs.FindByRequestAsync(made.Uid, "request", default).AsTask());
        yield return ("list jobs", 1, () => jobs.ListAsync(Filled, [], 0, 50, default).AsTask());
        yield return ("list dead letters", 1, () => jobs.ListAsync(Filled, [JobState.Failed, JobState.Cancelled], 0, 50, default).AsTask());
        yield return ("find unfinished", 1, () => jobs.FindUnfinishedAsync([queued.JobId, Guid.CreateVersion7()], default).AsTask());
        yield return ("find needing bytes", 1, () => jobs.FindNeedingBytesAsync([queued.JobId], default).AsTask());
        yield return ("prune", 1, () => jobs.PruneAsync(TimeSpan.FromDays(7), 100, default));
        yield return ("write blob", 6, async () =>
        {
            // Clearing up what an earlier try left, four pieces, the last one with the completion.
            await using var writer = blobs.Create(blobId);
            await writer.AppendAsync(new byte[4 * 256 * 1024 + 1], default);
            await writer.CompleteAsync(default);
        });
        yield return ("read blob", 6, async () =>
        {
            await using var stream = (await blobs.OpenReadAsync(blobId, default))!;
            await stream.CopyToAsync(Stream.Null);
        });
        yield return ("untouched blobs", 1, () => blobs.ListUntouchedAsync(TimeSpan.FromDays(1), Guid.Empty, 100, default).AsTask());
        yield return ("delete blob", 1, () => blobs.DeleteAsync(blobId, default));
        yield return ("begin deletion", 1, () => workspaces.TryBeginDeleteAsync(made.Uid, 0, default));
        yield return ("erase", 3, () => workspaces.EraseAsync(made.Uid, default));
    }

    private async Task<string> FillAsync(int documents = 40_000)
    {
        var database = await server.CreateDatabaseAsync();
        await SharedPostgres.ExecuteAsync(database, $"""
            INSERT INTO workspaces SELECT ('00000000-0000-0000-0000-' || lpad(to_hex(i), 12, '0'))::uuid, 'w' || i, 2, 1, 1,
                '', '', now(), now() FROM generate_series(1, 4000) i;
            INSERT INTO documents SELECT ('00000000-0000-0000-0000-' || lpad(to_hex(i % {Workspaces}), 12, '0'))::uuid,
                'd' || lpad((i / {Workspaces})::text, 8, '0'), 'title', 'file', 'text/plain', '', sha256(''), 'f', 1, 1, 1, now(), now()
                FROM generate_series(1, {documents}) i;
            INSERT INTO ingestion_jobs (job_id, workspace_id, workspace, document_id, file_name, media_type, metadata, force,
                request_id, state, outcome, reason, attempts, fence, size_bytes, content_hash, chunks, chunks_written, worker,
                ready_at, create_time, update_time, priority)
                SELECT gen_random_uuid(), ('00000000-0000-0000-0000-' || lpad(to_hex(i % {Workspaces}), 12, '0'))::uuid, 'w', 'd' || i,
                'file', '', '', false, 'r' || i, CASE WHEN i % 10 = 0 THEN 1 WHEN i % 10 = 1 THEN 6 ELSE 5 END, 0, '', 0, 0, 1,
                sha256(''), 1, 1, '', CASE WHEN i % 10 = 0 THEN now() END, now(), now(), 2
                FROM generate_series(1, 20000) i;
            INSERT INTO job_backlogs SELECT workspace_id, count(*) FROM ingestion_jobs WHERE ready_at IS NOT NULL GROUP BY 1;
            INSERT INTO job_backlogs SELECT workspace_id, 0 FROM workspaces ON CONFLICT DO NOTHING;
            INSERT INTO job_turns SELECT workspace_id, row_number() OVER () FROM job_backlogs WHERE unfinished > 0;
            INSERT INTO blobs (job_id, complete, size_bytes, sha256, update_time)
                SELECT gen_random_uuid(), true, 1, sha256(''), now() FROM generate_series(1, 4000);
            INSERT INTO blob_pieces SELECT blob_id, 0, 'x' FROM blobs;
            INSERT INTO chat_sessions SELECT ('00000000-0000-0000-0000-' || lpad(to_hex(i % {Workspaces}), 12, '0'))::uuid,
                gen_random_uuid(), '', '', now(), now() FROM generate_series(1, 4000) i;
            INSERT INTO api_keys SELECT gen_random_uuid(), ('00000000-0000-0000-0000-' || lpad(to_hex(i % {Workspaces}), 12, '0'))::uuid,
                '', sha256(i::text::bytea), 1, now() FROM generate_series(1, 4000) i;
            INSERT INTO usage SELECT ('00000000-0000-0000-0000-' || lpad(to_hex(i % {Workspaces}), 12, '0'))::uuid,
                '2030-01-01'::date + i, 1, 1 FROM generate_series(1, 8000) i;
            INSERT INTO document_chunks SELECT workspace_id, document_id, '0', 1, '' FROM documents;
            """);
        await SharedPostgres.ExecuteAsync(database, "VACUUM ANALYZE");
        return database;
    }

    private static Task MarkAsync(string database, PostgresServer running, string operation) =>
        SayAsync(database, running, $"begin of {operation}.");

    private static async Task<string> PlansAsync(string database, PostgresServer running, string operation)
    {
        await SayAsync(database, running, $"end of {operation}.");
        var output = running.Output;
        var begin = output.LastIndexOf($"begin of {operation}.", StringComparison.Ordinal);
        begin.ShouldBeGreaterThanOrEqualTo(0, "the server's output is kept in part only: it said too much at once");
        return output[begin..output.LastIndexOf($"end of {operation}.", StringComparison.Ordinal)];
    }

    /// <summary>What the server said before is in its output once this is.</summary>
    private static async Task SayAsync(string database, PostgresServer running, string text)
    {
        await SharedPostgres.ExecuteAsync(database, $"DO $$ BEGIN RAISE LOG '{text}'; END $$");
        await Eventually.HoldsAsync(
            () => running.Output.Contains($"LOG:  {text}", StringComparison.Ordinal), "the server's log", TimeSpan.FromSeconds(30));
    }

    /// <summary>Of the tables that grow. A claim looks at all workspaces that wait, by design.</summary>
    [GeneratedRegex(@"Seq Scan on (?:workspaces|documents|document_chunks|ingestion_jobs|job_backlogs|blob|chat_|api_keys|audit_log|usage)\w*")]
    private static partial Regex SequentialScan();

    /// <summary>Statements that travel together, as Npgsql reports them; of what an operation does itself, and not of loops.</summary>
    private sealed class RoundTrips : IDisposable
    {
        private readonly ActivitySource _source = new("PlanTests");
        private readonly ConcurrentDictionary<ActivityTraceId, ConcurrentQueue<string>> _seen = new();
        private readonly ActivityListener _listener;

        public RoundTrips()
        {
            _listener = new ActivityListener
            {
                ShouldListenTo = source => source.Name == "Npgsql" || source == _source,
                Sample = static (ref _) => ActivitySamplingResult.AllData,
                ActivityStopped = activity =>
                {
                    var text = activity.TagObjects.FirstOrDefault(static tag => tag.Key is "db.query.text" or "db.statement").Value;
                    // Every other second Npgsql asks a server for its part, whatever the operation.
                    if (activity.Source.Name == "Npgsql" && text is string sql
                        && !sql.StartsWith("select pg_is_in_recovery()", StringComparison.Ordinal))
                        _seen.GetOrAdd(activity.TraceId, static _ => new ConcurrentQueue<string>()).Enqueue(sql);
                },
            };
            ActivitySource.AddActivityListener(_listener);
        }

        public async Task<IReadOnlyCollection<string>> CollectAsync(Func<Task> run)
        {
            using var operation = _source.StartActivity("operation", ActivityKind.Internal, parentId: default)!;
            await run();
            return _seen.GetValueOrDefault(operation.TraceId) ?? [];
        }

        public void Dispose()
        {
            _listener.Dispose();
            _source.Dispose();
        }
    }
}
