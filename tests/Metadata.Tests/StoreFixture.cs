namespace Rag.Metadata.Tests;

/// <summary>An empty store of its own, with a clock that a test moves.</summary>
public abstract class StoreFixture : IAsyncDisposable
{
    internal ManualTime Time { get; } = new();

    public IMetadataStore Store { get; private set; } = null!;

    /// <summary>The same store once more, as another process would open it.</summary>
    public abstract Task<IMetadataStore> OpenAnotherAsync();

    /// <summary>Pieces of all blobs.</summary>
    public abstract Task<long> CountPiecesAsync();

    public abstract Task DamageLastPieceAsync(PieceDamage damage);

    public async Task ReopenAsync()
    {
        if (Store is not null)
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

    public virtual async ValueTask DisposeAsync()
    {
        await Store.DisposeAsync();
        GC.SuppressFinalize(this);
    }
}

public enum PieceDamage
{
    Zeroed,
    Cut,
    Lost,
}
