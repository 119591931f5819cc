using Rag.Metadata.Sqlite;
using Rag.Testing;

namespace Rag.Metadata.Tests;

/// <summary>A store in a folder of its own, with a clock that a test moves.</summary>
internal sealed class StoreFixture : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();

    private StoreFixture()
    {
    }

    public ManualTime Time { get; } = new();

    public SqliteMetadataStore Store { get; private set; } = null!;

    public string Folder => _folder.Path;

    public static async Task<StoreFixture> OpenAsync()
    {
        var fixture = new StoreFixture();
        fixture.Store = await fixture.OpenAnotherAsync();
        return fixture;
    }

    /// <summary>The same files once more, as another process would open them.</summary>
    public Task<SqliteMetadataStore> OpenAnotherAsync() => SqliteMetadataStore.OpenAsync(
        new SqliteMetadataOptions { Folder = Folder, PollInterval = TimeSpan.FromMilliseconds(20) }, time: Time);

    public async Task ReopenAsync()
    {
        await Store.DisposeAsync();
        Store = await OpenAnotherAsync();
    }

    public async Task<WorkspaceRecord> ActiveWorkspaceAsync(string name = "docs")
    {
        var insert = await Store.Workspaces.InsertAsync(
            new NewWorkspace(Guid.CreateVersion7(), name, "settings"u8.ToArray()), default);
        insert.Status.ShouldBe(WorkspaceInsertStatus.Inserted);
        return (await Store.Workspaces.MarkAppliedAsync(insert.Record.Uid, 1, default))!;
    }

    public async Task<JobRecord> EnqueueAsync(WorkspaceRecord workspace, string documentId, string requestId = "")
    {
        var outcome = await Store.Jobs.EnqueueAsync(NewJob(workspace, documentId, requestId), 100_000, default);
        outcome.Status.ShouldBe(JobEnqueueStatus.Queued);
        return outcome.Job!;
    }

    public static NewJob NewJob(WorkspaceRecord workspace, string documentId, string requestId = "") => new()
    {
        JobId = Guid.CreateVersion7(),
        WorkspaceUid = workspace.Uid,
        Workspace = workspace.Name,
        DocumentId = documentId,
        FileName = documentId + ".txt",
        MediaType = "text/plain",
        Metadata = "meta"u8.ToArray(),
        SizeBytes = 5,
        ContentHash = new byte[32],
        RequestId = requestId,
    };

    public static DocumentRecord Document(WorkspaceRecord workspace, string documentId, long version = 1) => new()
    {
        WorkspaceUid = workspace.Uid,
        DocumentId = documentId,
        Title = "Title",
        FileName = documentId + ".txt",
        MediaType = "text/plain",
        Metadata = "meta"u8.ToArray(),
        ContentHash = new byte[32],
        Fingerprint = "fingerprint"u8.ToArray(),
        SizeBytes = 5,
        Chunks = 2,
        Version = version,
    };

    public async ValueTask DisposeAsync()
    {
        await Store.DisposeAsync();
        _folder.Dispose();
    }
}
