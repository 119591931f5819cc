using System.Diagnostics;
using Microsoft.Data.Sqlite;
using Rag.Metadata.Sqlite;
using Rag.Testing;

namespace Rag.Metadata.Tests.Sqlite;

public sealed class SqliteFileTests
{
    [Fact]
    public async Task A_store_of_a_newer_release_is_refused_with_a_sentence_that_says_what_to_do()
    {
        await using var fixture = await SqliteStoreFixture.StartAsync();
        Run(fixture, "metadata.db", "PRAGMA user_version = 99");
        var error = await Should.ThrowAsync<MetadataStoreException>(fixture.OpenAnotherAsync());
        error.Fault.ShouldBe(MetadataFault.TooNew);
        error.Message.ShouldContain("99");
        error.Message.ShouldContain("newer release");
    }

    [Fact]
    public async Task A_database_of_something_else_is_left_alone()
    {
        using var folder = new TemporaryFolder();
        using (var connection = new SqliteConnection($"Data Source={folder.Combine("metadata.db")};Pooling=False"))
        {
            connection.Open();
            using var command = connection.CreateCommand();
            command.CommandText = "CREATE TABLE mine (id INTEGER)";
            command.ExecuteNonQuery();
        }

        var error = await Should.ThrowAsync<MetadataStoreException>(
            SqliteMetadataStore.OpenAsync(new SqliteMetadataOptions { Folder = folder.Path }));
        error.Fault.ShouldBe(MetadataFault.Corrupt);
        File.Exists(folder.Combine("blobs.db")).ShouldBeFalse();
    }

    [Fact]
    public async Task A_file_that_is_no_database_is_named()
    {
        using var folder = new TemporaryFolder();
        await File.WriteAllTextAsync(folder.Combine("metadata.db"), new string('x', 10_000));
        var error = await Should.ThrowAsync<MetadataStoreException>(
            SqliteMetadataStore.OpenAsync(new SqliteMetadataOptions { Folder = folder.Path }));
        error.Fault.ShouldBe(MetadataFault.Corrupt);
        error.Message.ShouldContain("metadata.db");
    }

    [Fact]
    public async Task Several_processes_may_start_on_an_empty_folder_at_once()
    {
        using var folder = new TemporaryFolder();
        var options = new SqliteMetadataOptions { Folder = folder.Path };
        var stores = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => Task.Run(
            () => SqliteMetadataStore.OpenAsync(options))));
        await stores[0].Workspaces.InsertAsync(new NewWorkspace(Guid.CreateVersion7(), "a", new byte[1]), default);
        foreach (var store in stores)
        {
            (await store.Workspaces.FindByNameAsync("a", default)).ShouldNotBeNull();
            await store.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_full_disk_refuses_writes_and_goes_on_reading_and_recovers()
    {
        await using var fixture = await SqliteStoreFixture.StartAsync();
        var workspace = await fixture.ActiveWorkspaceAsync();
        await fixture.Store.Documents.UpsertAsync(StoreFixture.Document(workspace, "before"), default);
        // The page limit is per connection, so the writer's own is set through its queue.
        await fixture.Sqlite.RunOnWriterAsync(session => session.ReadLong("PRAGMA max_page_count = 1"));
        var error = await Should.ThrowAsync<MetadataStoreException>(fixture.Store.Documents.UpsertAsync(
            StoreFixture.Document(workspace, "big") with { Metadata = new byte[200_000] }, default));
        error.Fault.ShouldBe(MetadataFault.Full);
        (await fixture.Store.Documents.FindAsync(workspace.Uid, "before", default)).ShouldNotBeNull();
        (await fixture.Store.Documents.FindAsync(workspace.Uid, "big", default)).ShouldBeNull();
        await fixture.Sqlite.RunOnWriterAsync(session => session.ReadLong("PRAGMA max_page_count = 1000000"));
        await fixture.Store.Documents.UpsertAsync(
            StoreFixture.Document(workspace, "big") with { Metadata = new byte[200_000] }, default);
        (await fixture.Store.Documents.FindAsync(workspace.Uid, "big", default)).ShouldNotBeNull();
    }

    [Fact]
    public async Task A_write_that_fails_takes_no_other_of_its_transaction_with_it()
    {
        await using var fixture = await SqliteStoreFixture.StartAsync();
        var workspace = await fixture.ActiveWorkspaceAsync();
        using var gate = new ManualResetEventSlim();
        // While the writer is busy with the first, the others gather into one transaction.
        var blocker = fixture.Sqlite.RunOnWriterAsync(_ => gate.Wait(TimeSpan.FromSeconds(30)) ? 1L : 0);
        var good = fixture.Store.Documents.UpsertAsync(StoreFixture.Document(workspace, "good"), default);
        var bad = fixture.Sqlite.RunOnWriterAsync(session =>
        {
            session.Execute("DELETE FROM documents");
            return session.ReadLong("SELECT * FROM nowhere");
        });
        using var stop = new CancellationTokenSource();
        var cancelled = fixture.Store.Documents.UpsertAsync(StoreFixture.Document(workspace, "cancelled"), stop.Token);
        await stop.CancelAsync();
        var last = fixture.Store.Documents.UpsertAsync(StoreFixture.Document(workspace, "last"), default);
        gate.Set();
        await blocker;
        (await good).ShouldBeTrue();
        (await last).ShouldBeTrue();
        (await Should.ThrowAsync<MetadataStoreException>(bad)).Fault.ShouldBe(MetadataFault.Internal);
        await Should.ThrowAsync<OperationCanceledException>(cancelled);
        var ids = await fixture.Store.Documents.ListAsync(workspace.Uid, "", 10, default);
        ids.Select(document => document.DocumentId).ShouldBe(["good", "last"]);
    }

    [Fact]
    public async Task The_space_of_a_deleted_file_is_given_back()
    {
        await using var fixture = await SqliteStoreFixture.StartAsync();
        var jobId = Guid.CreateVersion7();
        await using (var writer = fixture.Store.Blobs.Create(jobId))
        {
            for (var piece = 0; piece < 80; piece++)
                await writer.AppendAsync(new byte[IBlobStore.PieceBytes], default);
            await writer.CompleteAsync(default);
        }

        await fixture.Store.Blobs.DeleteAsync(jobId, default);
        await fixture.ReopenAsync();
        new FileInfo(Path.Combine(fixture.Folder, "blobs.db")).Length.ShouldBeLessThan(33 * IBlobStore.PieceBytes);
    }

    [Fact]
    public async Task A_closed_store_says_so()
    {
        await using var fixture = await SqliteStoreFixture.StartAsync();
        var workspace = await fixture.ActiveWorkspaceAsync();
        await fixture.Store.DisposeAsync();
        await fixture.Store.DisposeAsync();
        (await Should.ThrowAsync<MetadataStoreException>(fixture.Store.Documents.UpsertAsync(
            StoreFixture.Document(workspace, "d"), default))).Fault.ShouldBe(MetadataFault.Unavailable);
    }

    [Fact]
    public void Options_out_of_range_are_all_named()
    {
        var errors = new SqliteMetadataOptions
        {
            Folder = "", BusyTimeout = TimeSpan.Zero, PollInterval = TimeSpan.Zero, WriteQueueLength = 0, MaxReaders = 0,
        }.Validate();
        errors.Count().ShouldBe(5);
    }

    [Fact]
    public async Task Thousands_of_jobs_are_queued_and_claimed_and_a_lookup_takes_less_than_ten_milliseconds()
    {
        await using var fixture = await SqliteStoreFixture.StartAsync();
        var workspace = await fixture.ActiveWorkspaceAsync();
        var jobs = fixture.Store.Jobs;
        var queued = await Task.WhenAll(Enumerable.Range(0, 3000).Select(i => fixture.EnqueueAsync(workspace, $"d{i}")));
        queued.Select(job => job.JobId).Distinct().Count().ShouldBe(3000);
        var best = TimeSpan.MaxValue;
        for (var i = 0; i < 50; i++)
        {
            var started = Stopwatch.GetTimestamp();
            (await jobs.FindAsync(workspace.Uid, queued[i * 50].JobId, default)).ShouldNotBeNull();
            (await jobs.ListAsync(workspace.Uid, [], 0, 100, default)).Count.ShouldBe(100);
            (await jobs.GetBacklogAsync(default)).Waiting.ShouldBe(3000);
            var took = Stopwatch.GetElapsedTime(started);
            best = took < best ? took : best;
        }

        // The best of many: what the store needs, not what else the machine does.
        best.ShouldBeLessThan(TimeSpan.FromMilliseconds(10));
        (await jobs.ClaimAsync("worker", 64, TimeSpan.FromMinutes(1), default)).Count.ShouldBe(64);
    }

    private static void Run(SqliteStoreFixture fixture, string file, string sql)
    {
        using var connection = new SqliteConnection($"Data Source={Path.Combine(fixture.Folder, file)};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
