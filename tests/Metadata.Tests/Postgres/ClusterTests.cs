using System.Collections.Concurrent;
using Rag.Metadata.Postgres;
using Rag.Testing;

namespace Rag.Metadata.Tests.Postgres;

public sealed class ClusterTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Lists_come_from_a_replica_but_nobody_misses_what_he_wrote_or_saw()
    {
        SkipWithoutServer();
        await using var cluster = await PostgresCluster.StartAsync(replicas: 1);
        var replica = cluster.Servers[1];
        await using var writer = await OpenAsync(cluster);
        await using var reader = await OpenAsync(cluster);
        await using var strict = await OpenAsync(cluster, TimeSpan.FromMilliseconds(100));
        var workspace = await WorkspaceAsync(writer);
        await writer.Documents.UpsertAsync(StoreFixture.Document(workspace, "old"), default);
        await reader.LearnPositionAsync(default);
        await writer.LearnPositionAsync(default);
        await CatchUpAsync(cluster);
        (await IdsAsync(writer, workspace)).ShouldBe(["old"]);

        await replica.QueryAsync("rag", "SELECT pg_wal_replay_pause()");
        await writer.Documents.UpsertAsync(StoreFixture.Document(workspace, "new"), default);
        (await IdsAsync(writer, workspace)).ShouldBe(["new", "old"], "it wrote it itself");
        (await IdsAsync(reader, workspace)).ShouldBe(["old"], "it is answered by the replica, which is behind");
        (await reader.Documents.FindAsync(workspace.Uid, "new", default)).ShouldNotBeNull("one document is read from the primary");
        (await IdsAsync(reader, workspace)).ShouldBe(["new", "old"], "what it was shown does not vanish again");
        await Eventually.HoldsAsync(async () =>
        {
            await strict.LearnPositionAsync(default);
            return (await IdsAsync(strict, workspace)).Count == 2;
        }, "a replica that is behind for too long is not asked", Deadline);

        await replica.QueryAsync("rag", "SELECT pg_wal_replay_resume()");
        await CatchUpAsync(cluster);
        await cluster.Primary.KillAsync();
        // Without the primary, what replicas know is still told, and the rest says that it cannot be done now.
        (await writer.Workspaces.FindByNameAsync("docs", default)).ShouldNotBeNull();
        (await IdsAsync(strict, workspace)).Count.ShouldBe(2);
        var blob = await Should.ThrowAsync<MetadataStoreException>(
            writer.Documents.UpsertAsync(StoreFixture.Document(workspace, "lost"), default));
        blob.Fault.ShouldBe(MetadataFault.Unavailable);
        await using var late = await OpenAsync(cluster);
        (await late.Workspaces.FindByNameAsync("docs", default))!.Uid.ShouldBe(workspace.Uid);
    }

    [Fact]
    public async Task When_the_primary_dies_a_replica_is_promoted_and_nothing_acknowledged_is_lost()
    {
        SkipWithoutServer();
        await using var cluster = await PostgresCluster.StartAsync();
        await using var store = await OpenAsync(cluster);
        var workspace = await WorkspaceAsync(store);
        var acknowledged = new ConcurrentBag<string>();
        using var stop = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        var writers = Enumerable.Range(0, 4).Select(writer => Task.Run(async () =>
        {
            for (var i = 0; !stop.IsCancellationRequested; i++)
            {
                try
                {
                    if (await store.Documents.UpsertAsync(StoreFixture.Document(workspace, $"w{writer}-{i}"), default))
                        acknowledged.Add($"w{writer}-{i}");
                }
                catch (MetadataStoreException error) when (error.Fault == MetadataFault.Unavailable)
                {
                    await Task.Yield();
                }
            }
        })).ToArray();
        await Eventually.HoldsAsync(() => acknowledged.Count > 50, "writes before", Deadline);
        await cluster.Primary.KillAsync();
        var before = acknowledged.Count;
        await cluster.FailOverAsync();
        await Eventually.HoldsAsync(() => acknowledged.Count > before + 50, "writes go on", Deadline);
        await stop.CancelAsync();
        await Task.WhenAll(writers).WaitAsync(Deadline);

        var found = new HashSet<string>();
        IReadOnlyList<DocumentRecord> page;
        var after = "";
        do
        {
            page = await store.Documents.ListAsync(workspace.Uid, after, 1000, default);
            found.UnionWith(page.Select(document => document.DocumentId));
            after = page.Count > 0 ? page[^1].DocumentId : after;
        }
        while (page.Count > 0);
        acknowledged.Where(id => !found.Contains(id)).ShouldBeEmpty();
    }

    private static void SkipWithoutServer()
    {
        if (!PostgresServer.IsInstalled)
            Assert.Skip("PostgreSQL 15 is not installed.");
    }

    private static async Task<PostgresMetadataStore> OpenAsync(PostgresCluster cluster, TimeSpan? maxLag = null) =>
        await PostgresMetadataStore.OpenAsync(new PostgresMetadataOptions
        {
            ConnectionString = cluster.ConnectionString("rag") + ";Command Timeout=60;Timeout=20",
            MaxReplicaLag = maxLag ?? TimeSpan.FromHours(1),
        });

    private static async Task<WorkspaceRecord> WorkspaceAsync(PostgresMetadataStore store)
    {
        var made = await store.Workspaces.InsertAsync(new NewWorkspace(Guid.CreateVersion7(), "docs", new byte[1]), default);
        return (await store.Workspaces.MarkAppliedAsync(made.Record.Uid, 1, default))!;
    }

    private static async Task<List<string>> IdsAsync(PostgresMetadataStore store, WorkspaceRecord workspace) =>
        [.. (await store.Documents.ListAsync(workspace.Uid, "", 100, default)).Select(document => document.DocumentId)];

    private static async Task CatchUpAsync(PostgresCluster cluster)
    {
        var position = await cluster.Primary.QueryAsync("rag", "SELECT pg_current_wal_insert_lsn()");
        await Eventually.HoldsAsync(
            async () => await cluster.Servers[1].QueryAsync("rag", $"SELECT pg_last_wal_replay_lsn() >= '{position}'") == "t",
            "the replica has caught up", Deadline);
    }
}
