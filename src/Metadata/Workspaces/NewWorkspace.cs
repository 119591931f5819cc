namespace Rag.Metadata;

/// <summary>A workspace to be made; it starts as <see cref="WorkspaceState.Creating"/> with version 1.</summary>
/// <param name="Uid">A new UUID.</param>
/// <param name="Name">1–256 bytes of UTF-8.</param>
/// <param name="Settings">Encoded settings.</param>
/// <param name="RequestId">The caller's id of the request; empty for none.</param>
public sealed record NewWorkspace(Guid Uid, string Name, ReadOnlyMemory<byte> Settings, string RequestId = "");

/// <summary>What became of an insert.</summary>
/// <param name="Status">Whether it was made, and if not, why.</param>
/// <param name="Record">The new workspace, or the one that stands in its way.</param>
public sealed record WorkspaceInsert(WorkspaceInsertStatus Status, WorkspaceRecord Record);

/// <summary>Outcome of <see cref="IWorkspaceStore.InsertAsync"/>.</summary>
public enum WorkspaceInsertStatus
{
    Inserted = 1,

    /// <summary>The same request id made this workspace before: nothing was changed.</summary>
    Repeated = 2,

    /// <summary>Another workspace has the name.</summary>
    NameTaken = 3,
}
