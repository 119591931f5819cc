namespace Rag.Engine.Storage;

/// <summary>
/// Names a slice: one workspace's data in one partition, the unit that is loaded, unloaded, snapshotted, quarantined.
/// </summary>
/// <param name="WorkspaceUid">The workspace's uid, new at each creation of the workspace.</param>
/// <param name="Partition">Number of the partition, from 0.</param>
public readonly record struct SliceId(Guid WorkspaceUid, int Partition)
{
    /// <summary>Uid and partition as in paths and messages: <c>0198…/17</c>.</summary>
    public override string ToString() => $"{WorkspaceUid:N}/{Partition}";
}
