namespace Rag.Engine;

/// <summary>
/// A workspace's settings as a shard needs them. They travel through the mutation log of each of its partitions; the
/// highest version wins.
/// </summary>
public sealed record WorkspaceSettings
{
    /// <summary>The workspace's uid.</summary>
    public required Guid Uid { get; init; }

    /// <summary>Version, from 1, given by the metadata store.</summary>
    public required ulong Version { get; init; }

    public WorkspaceState State { get; init; } = WorkspaceState.Active;

    /// <summary>At most 16 spaces with different names.</summary>
    public IReadOnlyList<VectorSpaceSettings> Spaces { get; init; } = [];

    /// <summary>How texts become words.</summary>
    public TextSettings Text { get; init; } = TextSettings.Default;

    /// <summary>Whatever else the layer above wants to travel with them (it is not looked into); at most 64
    /// KiB.</summary>
    public ReadOnlyMemory<byte> Extension { get; init; }

    /// <summary>The space with this name, or null.</summary>
    public VectorSpaceSettings? FindSpace(string name)
    {
        foreach (var space in Spaces)
        {
            if (space.Name == name)
                return space;
        }

        return null;
    }
}

/// <summary>A workspace's stage of life. The numbers are stored: never change them.</summary>
public enum WorkspaceState : byte
{
    /// <summary>Not yet recorded in all its partitions: writes and searches work already.</summary>
    Creating = 1,

    Active = 2,

    /// <summary>Its data is dropped when this is recorded; every later write is refused. It never comes back: a
    /// workspace made again under the same name has a new uid.</summary>
    Deleting = 3,
}
