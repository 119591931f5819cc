namespace Rag.Metadata;

/// <summary>One workspace as the metadata store knows it. Immutable.</summary>
public sealed record WorkspaceRecord
{
    /// <summary>New at each creation, even under an old name.</summary>
    public required Guid Uid { get; init; }

    /// <summary>1–256 bytes of UTF-8, unique among the workspaces in the store.</summary>
    public required string Name { get; init; }

    public required WorkspaceState State { get; init; }

    /// <summary>
    /// From 1; rises with every change of settings and with the step to <see cref="WorkspaceState.Deleting"/>.
    /// </summary>
    public required long Version { get; init; }

    /// <summary>
    /// The newest version that is recorded in every partition; 0 while the workspace is being made. Less than
    /// <see cref="Version"/>: a change is on its way.
    /// </summary>
    public required long AppliedVersion { get; init; }

    /// <summary>The settings of <see cref="Version"/>, encoded by the layer above; not looked into.</summary>
    public required ReadOnlyMemory<byte> Settings { get; init; }

    /// <summary>The caller's id of the request that made the workspace; empty if it gave none.</summary>
    public string RequestId { get; init; } = "";

    public required DateTimeOffset CreateTime { get; init; }

    public required DateTimeOffset UpdateTime { get; init; }

    /// <summary>The newest settings are recorded in every partition.</summary>
    public bool IsApplied => AppliedVersion == Version;
}

/// <summary>A workspace's stage of life. The numbers are stored: never change them.</summary>
public enum WorkspaceState : byte
{
    /// <summary>Its settings are on their way to every partition.</summary>
    Creating = 1,

    Active = 2,

    /// <summary>Its data is being erased; then its record goes too.</summary>
    Deleting = 3,
}
