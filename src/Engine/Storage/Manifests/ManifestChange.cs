namespace Rag.Engine.Storage;

/// <summary>What an entry of the manifest says.</summary>
internal abstract record ManifestChange
{
    private ManifestChange()
    {
    }

    /// <summary>This is the slice's current snapshot; it is on stable storage already.</summary>
    public sealed record Snapshot(SnapshotEntry Entry) : ManifestChange;

    /// <summary>The slice has no snapshot any more: its data was deleted.</summary>
    public sealed record Removed(SliceId Slice) : ManifestChange;

    /// <summary>Last sequence of a partition, at least.</summary>
    public sealed record PartitionSequence(int Partition, ulong Sequence, uint Epoch = 1) : ManifestChange;

    /// <summary>Records of the mutation log that do not count any more.</summary>
    public sealed record Void(VoidRange Range) : ManifestChange;

    /// <summary>All that lies before this position of the mutation log is in snapshots.</summary>
    public sealed record LogPosition(long Position) : ManifestChange;

    /// <summary>The workspace is quarantined, also after a restart. The reason is cut after 1,024 characters.</summary>
    public sealed record Quarantine(Guid WorkspaceUid, string Reason) : ManifestChange;

    /// <summary>The workspace is quarantined no longer.</summary>
    public sealed record QuarantineLifted(Guid WorkspaceUid) : ManifestChange;

    /// <summary>All that was valid when the file was begun has been repeated; only the manifest itself writes it.
    /// </summary>
    internal sealed record BaseComplete : ManifestChange;
}
