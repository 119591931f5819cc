namespace Rag.Metadata;

/// <summary>Workspaces: creation, settings by compare-and-set, and the way to their end.</summary>
public interface IWorkspaceStore
{
    /// <summary>Makes a workspace, unless its name is taken or its request id has been seen.</summary>
    Task<WorkspaceInsert> InsertAsync(NewWorkspace workspace, CancellationToken cancellationToken);

    /// <summary>The workspace of this name in whatever state, or null.</summary>
    ValueTask<WorkspaceRecord?> FindByNameAsync(string name, CancellationToken cancellationToken);

    /// <summary>The workspace with this uid in whatever state, or null.</summary>
    ValueTask<WorkspaceRecord?> FindByUidAsync(Guid uid, CancellationToken cancellationToken);

    /// <summary>Workspaces in bytewise order of names, in whatever state.</summary>
    /// <param name="afterName">Exclusive; empty for the beginning. It need not exist.</param>
    /// <param name="limit">1–1,001.</param>
    ValueTask<IReadOnlyList<WorkspaceRecord>> ListAsync(
        string afterName, int limit, CancellationToken cancellationToken);

    /// <summary>Workspaces whose last change is not recorded everywhere yet: what a sweeper has to finish.</summary>
    ValueTask<IReadOnlyList<WorkspaceRecord>> ListUnfinishedAsync(int limit, CancellationToken cancellationToken);

    /// <summary>
    /// Gives an active workspace new settings and the next version. Null if it is gone, is not active, or has another
    /// version than <paramref name="ifVersion"/>.
    /// </summary>
    Task<WorkspaceRecord?> TryUpdateAsync(
        Guid uid, long ifVersion, ReadOnlyMemory<byte> settings, CancellationToken cancellationToken);

    /// <summary>
    /// Notes that <paramref name="version"/> is recorded in every partition, which makes a workspace in creation
    /// active. Null if it is gone; a lower version than the one noted changes nothing.
    /// </summary>
    Task<WorkspaceRecord?> MarkAppliedAsync(Guid uid, long version, CancellationToken cancellationToken);

    /// <summary>
    /// Takes a workspace to <see cref="WorkspaceState.Deleting"/> with the next version and cancels its jobs. Returns
    /// the record as it is if it is there already; null if it is gone or has another version.
    /// </summary>
    /// <param name="ifVersion">0: whatever version it has.</param>
    Task<WorkspaceRecord?> TryBeginDeleteAsync(Guid uid, long ifVersion, CancellationToken cancellationToken);

    /// <summary>
    /// Erases documents and jobs of a workspace in deletion, in small steps, and at last its record. Nothing happens
    /// if it is gone.
    /// </summary>
    /// <exception cref="InvalidOperationException">The workspace is not being deleted.</exception>
    Task EraseAsync(Guid uid, CancellationToken cancellationToken);
}
