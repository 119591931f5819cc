namespace Rag.Metadata.Tests.Workspaces;

public abstract class WorkspaceStoreTests(StoreBackend backend)
{
    [Fact]
    public async Task A_workspace_goes_from_creating_over_active_to_gone()
    {
        await using var fixture = await backend.OpenAsync();
        var store = fixture.Store.Workspaces;
        var made = await store.InsertAsync(New("docs"), default);
        made.Status.ShouldBe(WorkspaceInsertStatus.Inserted);
        (made.Record.State, made.Record.Version, made.Record.AppliedVersion).ShouldBe((WorkspaceState.Creating, 1L, 0L));
        (await store.ListUnfinishedAsync(10, default)).ShouldHaveSingleItem().Name.ShouldBe("docs");
        (await store.TryUpdateAsync(made.Record.Uid, 1, "new"u8.ToArray(), default)).ShouldBeNull();

        var active = (await store.MarkAppliedAsync(made.Record.Uid, 1, default))!;
        (active.State, active.IsApplied).ShouldBe((WorkspaceState.Active, true));
        (await store.ListUnfinishedAsync(10, default)).ShouldBeEmpty();
        await Should.ThrowAsync<InvalidOperationException>(store.EraseAsync(made.Record.Uid, default));

        var deleting = (await store.TryBeginDeleteAsync(made.Record.Uid, 0, default))!;
        (deleting.State, deleting.Version).ShouldBe((WorkspaceState.Deleting, 2L));
        (await store.TryBeginDeleteAsync(made.Record.Uid, 0, default))!.Version.ShouldBe(2);
        (await store.ListUnfinishedAsync(10, default)).Count.ShouldBe(1);
        await store.EraseAsync(made.Record.Uid, default);
        await store.EraseAsync(made.Record.Uid, default);
        (await store.FindByNameAsync("docs", default)).ShouldBeNull();
        (await store.FindByUidAsync(made.Record.Uid, default)).ShouldBeNull();
        (await store.InsertAsync(New("docs"), default)).Status.ShouldBe(WorkspaceInsertStatus.Inserted);
    }

    [Fact]
    public async Task A_name_is_taken_until_its_workspace_is_gone_and_a_request_makes_one_workspace()
    {
        await using var fixture = await backend.OpenAsync();
        var store = fixture.Store.Workspaces;
        var first = await store.InsertAsync(New("docs", "request"), default);
        var again = await store.InsertAsync(New("other", "request"), default);
        again.Status.ShouldBe(WorkspaceInsertStatus.Repeated);
        again.Record.Uid.ShouldBe(first.Record.Uid);
        (await store.InsertAsync(New("docs"), default)).Status.ShouldBe(WorkspaceInsertStatus.NameTaken);
        await store.TryBeginDeleteAsync(first.Record.Uid, 0, default);
        (await store.InsertAsync(New("docs"), default)).Status.ShouldBe(WorkspaceInsertStatus.NameTaken);
    }

    [Fact]
    public async Task Of_many_changes_to_one_version_exactly_one_is_made()
    {
        await using var fixture = await backend.OpenAsync();
        await using var other = await fixture.OpenAnotherAsync();
        var workspace = await fixture.ActiveWorkspaceAsync();
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 20).Select(i =>
            (i % 2 == 0 ? fixture.Store : other).Workspaces.TryUpdateAsync(
                workspace.Uid, 1, BitConverter.GetBytes(i), default)));
        var made = outcomes.Where(record => record is not null).ShouldHaveSingleItem()!;
        made.Version.ShouldBe(2);
        made.AppliedVersion.ShouldBe(1);
        var found = (await other.Workspaces.FindByNameAsync("docs", default))!;
        found.Settings.ToArray().ShouldBe(made.Settings.ToArray());
        // A version that was overtaken is not marked as the newest.
        (await other.Workspaces.MarkAppliedAsync(workspace.Uid, 2, default))!.IsApplied.ShouldBeTrue();
        (await other.Workspaces.MarkAppliedAsync(workspace.Uid, 1, default))!.AppliedVersion.ShouldBe(2);
        (await other.Workspaces.MarkAppliedAsync(workspace.Uid, 9, default))!.AppliedVersion.ShouldBe(2);
    }

    [Fact]
    public async Task Deletion_is_guarded_by_the_version_and_cancels_jobs()
    {
        await using var fixture = await backend.OpenAsync();
        var workspace = await fixture.ActiveWorkspaceAsync();
        var waiting = await fixture.EnqueueAsync(workspace, "a");
        var claimed = (await fixture.Store.Jobs.ClaimAsync("worker", 1, TimeSpan.FromMinutes(1), default))[0];
        (await fixture.Store.Workspaces.TryBeginDeleteAsync(workspace.Uid, 7, default)).ShouldBeNull();
        (await fixture.Store.Workspaces.TryBeginDeleteAsync(workspace.Uid, 1, default)).ShouldNotBeNull();
        (await fixture.Store.Jobs.FindAsync(workspace.Uid, waiting.JobId, default))!.State.ShouldBe(JobState.Cancelled);
        (await fixture.Store.Jobs.CompleteAsync(
            claimed.JobId, claimed.Fence, JobOutcome.Indexed, StoreFixture.Document(workspace, "a"), default)).ShouldBeFalse();
        (await fixture.Store.Jobs.EnqueueAsync(StoreFixture.NewJob(workspace, "b"), 10, default)).Status
            .ShouldBe(JobEnqueueStatus.WorkspaceGone);
        (await fixture.Store.Documents.UpsertAsync(StoreFixture.Document(workspace, "a"), default)).ShouldBeFalse();
    }

    [Fact]
    public async Task Erasing_removes_what_is_the_workspaces_and_nothing_else()
    {
        await using var fixture = await backend.OpenAsync();
        var gone = await fixture.ActiveWorkspaceAsync("gone");
        var stays = await fixture.ActiveWorkspaceAsync("stays");
        foreach (var workspace in new[] { gone, stays })
        {
            await Task.WhenAll(Enumerable.Range(0, 1200).Select(i =>
                fixture.Store.Documents.UpsertAsync(StoreFixture.Document(workspace, $"d{i}"), default)));
            await Task.WhenAll(Enumerable.Range(0, 30).Select(i => fixture.EnqueueAsync(workspace, $"d{i}")));
        }

        await fixture.Store.Workspaces.TryBeginDeleteAsync(gone.Uid, 0, default);
        await fixture.Store.Workspaces.EraseAsync(gone.Uid, default);
        (await fixture.Store.Documents.CountAsync(gone.Uid, default)).ShouldBe(0);
        (await fixture.Store.Jobs.ListAsync(gone.Uid, [], 0, 10, default)).ShouldBeEmpty();
        (await fixture.Store.Documents.CountAsync(stays.Uid, default)).ShouldBe(1200);
        (await fixture.Store.Jobs.GetBacklogAsync(default)).ShouldBe(new JobBacklog(30, 0));
    }

    [Fact]
    public async Task Names_are_listed_bytewise_in_pages()
    {
        await using var fixture = await backend.OpenAsync();
        string[] names = ["A", "B", "a", "b", "é", "\uFFFD", "\U0001F600"];
        foreach (var name in names.Reverse())
            await fixture.ActiveWorkspaceAsync(name);
        var first = await fixture.Store.Workspaces.ListAsync("", 3, default);
        var rest = await fixture.Store.Workspaces.ListAsync(first[^1].Name, 100, default);
        first.Concat(rest).Select(record => record.Name).ShouldBe(names);
        (await fixture.Store.Workspaces.ListAsync("ab", 1, default)).Single().Name.ShouldBe("b");
    }

    private static NewWorkspace New(string name, string requestId = "") =>
        new(Guid.CreateVersion7(), name, "settings"u8.ToArray(), requestId);
}

public sealed class SqliteWorkspaceStoreTests() : WorkspaceStoreTests(StoreBackend.Sqlite);

public sealed class PostgresWorkspaceStoreTests(SharedPostgres server) : WorkspaceStoreTests(server.Backend);
