namespace Rag.Metadata.Tests.Documents;

public abstract class DocumentStoreTests(StoreBackend backend)
{
    [Fact]
    public async Task A_document_keeps_everything_it_was_recorded_with_and_its_first_time()
    {
        await using var fixture = await backend.OpenAsync();
        var workspace = await fixture.ActiveWorkspaceAsync();
        var created = fixture.Time.GetUtcNow();
        await fixture.Store.Documents.UpsertAsync(StoreFixture.Document(workspace, "d"), default);
        fixture.Time.Advance(TimeSpan.FromHours(1));
        await fixture.Store.Documents.UpsertAsync(
            StoreFixture.Document(workspace, "d", 5) with { Title = "Newer", Chunks = 9 }, default);
        await fixture.ReopenAsync();
        var found = (await fixture.Store.Documents.FindAsync(workspace.Uid, "d", default))!;
        (found.Title, found.Chunks, found.Version, found.FileName, found.MediaType, found.SizeBytes)
            .ShouldBe(("Newer", 9L, 5L, "d.txt", "text/plain", 5L));
        found.Metadata.ToArray().ShouldBe("meta"u8.ToArray());
        found.Fingerprint.ToArray().ShouldBe("fingerprint"u8.ToArray());
        found.CreateTime.ShouldBe(created);
        found.UpdateTime.ShouldBe(created.AddHours(1));
    }

    [Fact]
    public async Task An_older_version_never_replaces_a_newer_one()
    {
        await using var fixture = await backend.OpenAsync();
        var workspace = await fixture.ActiveWorkspaceAsync();
        await fixture.Store.Documents.UpsertAsync(StoreFixture.Document(workspace, "d", 5), default);
        (await fixture.Store.Documents.UpsertAsync(
            StoreFixture.Document(workspace, "d", 4) with { Title = "Old" }, default)).ShouldBeTrue();
        (await fixture.Store.Documents.FindAsync(workspace.Uid, "d", default))!.Version.ShouldBe(5);
    }

    [Fact]
    public async Task Deletion_is_guarded_by_the_version()
    {
        await using var fixture = await backend.OpenAsync();
        var workspace = await fixture.ActiveWorkspaceAsync();
        var documents = fixture.Store.Documents;
        await documents.UpsertAsync(StoreFixture.Document(workspace, "d", 5), default);
        (await documents.DeleteAsync(workspace.Uid, "d", 4, default)).ShouldBeFalse();
        (await documents.DeleteAsync(workspace.Uid, "d", 5, default)).ShouldBeTrue();
        (await documents.DeleteAsync(workspace.Uid, "d", 0, default)).ShouldBeFalse();
    }

    [Fact]
    public async Task Documents_are_listed_bytewise_in_pages_within_their_workspace()
    {
        await using var fixture = await backend.OpenAsync();
        var workspace = await fixture.ActiveWorkspaceAsync();
        var other = await fixture.ActiveWorkspaceAsync("other");
        string[] ids = ["A", "a", "b", "é", "\uFFFD", "\U0001F600"];
        foreach (var id in ids.Reverse())
            await fixture.Store.Documents.UpsertAsync(StoreFixture.Document(workspace, id), default);
        await fixture.Store.Documents.UpsertAsync(StoreFixture.Document(other, "c"), default);
        var first = await fixture.Store.Documents.ListAsync(workspace.Uid, "", 2, default);
        var rest = await fixture.Store.Documents.ListAsync(workspace.Uid, first[^1].DocumentId, 100, default);
        first.Concat(rest).Select(document => document.DocumentId).ShouldBe(ids);
    }

    [Fact]
    public async Task Documents_that_were_changed_by_hand_lose_their_fingerprint()
    {
        await using var fixture = await backend.OpenAsync();
        var workspace = await fixture.ActiveWorkspaceAsync();
        var documents = fixture.Store.Documents;
        foreach (var id in new[] { "a", "b" })
            await documents.UpsertAsync(StoreFixture.Document(workspace, id), default);
        await documents.InvalidateAsync(workspace.Uid, ["a", "none"], default);
        (await documents.FindAsync(workspace.Uid, "a", default))!.Fingerprint.Length.ShouldBe(0);
        (await documents.FindAsync(workspace.Uid, "b", default))!.Fingerprint.Length.ShouldBe(11);
        await documents.InvalidateAsync(workspace.Uid, null, default);
        (await documents.FindAsync(workspace.Uid, "b", default))!.Fingerprint.Length.ShouldBe(0);
        await documents.InvalidateAsync(Guid.CreateVersion7(), null, default);
    }
}

public sealed class SqliteDocumentStoreTests() : DocumentStoreTests(StoreBackend.Sqlite);

public sealed class PostgresDocumentStoreTests(SharedPostgres server) : DocumentStoreTests(server.Backend);
