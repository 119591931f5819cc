using Rag.Metadata.Postgres;
using Rag.Testing;

namespace Rag.Metadata.Tests.Postgres;

public sealed class SignalTests(SharedPostgres server)
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(40);

    [Fact]
    public async Task Other_processes_hear_of_changes_long_before_they_would_look_and_also_after_their_connection_broke()
    {
        var database = await server.CreateDatabaseAsync();
        await using var here = await OpenAsync(database);
        await using var there = await OpenAsync(database);
        await there.Listening.WaitAsync(Deadline);
        var workspace = (await here.Workspaces.InsertAsync(new NewWorkspace(Guid.CreateVersion7(), "docs", new byte[1]), default)).Record;
        await here.Workspaces.MarkAppliedAsync(workspace.Uid, 1, default);

        for (var round = 0; round < 2; round++)
        {
            var heard = HearWorkAsync(there);
            var job = (await here.Jobs.EnqueueAsync(StoreFixture.NewJob(workspace, $"d{round}"), 10, default)).Job!;
            await heard.WaitAsync(Deadline);
            var changed = there.Jobs.WaitForChangeAsync(job.JobId, default);
            await here.Jobs.CancelAsync(workspace.Uid, job.JobId, default);
            await changed.WaitAsync(Deadline);
            // Its own end of the line is cut: it listens anew.
            await SharedPostgres.ExecuteAsync(database,
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND datname = current_database()");
            await Eventually.HoldsAsync(async () => await SharedPostgres.ScalarAsync<long>(database,
                "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND datname = current_database() "
                + "AND state = 'idle'") == 2, "both listen again", Deadline);
        }
    }

    /// <summary>The start of listening wakes once too: whoever waits, waits again, as ingestors do.</summary>
    private static async Task HearWorkAsync(PostgresMetadataStore store)
    {
        while ((await store.Jobs.GetBacklogAsync(default)).Waiting == 0)
            await store.Jobs.WaitForWorkAsync(default);
    }

    private static Task<PostgresMetadataStore> OpenAsync(string database) => PostgresMetadataStore.OpenAsync(
        new PostgresMetadataOptions
        {
            ConnectionString = database + ";Command Timeout=60;Timeout=30",
            PollInterval = TimeSpan.FromMinutes(1),
        });
}
