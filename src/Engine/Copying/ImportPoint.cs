namespace Rag.Engine;

/// <summary>How much of a partition's copy is there already.</summary>
/// <param name="Source">The shard that it came from; empty where nothing has come yet.</param>
/// <param name="After">All workspaces up to this one are there; null: none.</param>
/// <param name="Uid">The workspace of which a part is there; null: none.</param>
/// <param name="Generation">That part's snapshot at the source.</param>
/// <param name="SnapshotOffset">Bytes of the snapshot that are there.</param>
/// <param name="NextRow">The first row whose content is not there.</param>
public readonly record struct ImportPoint(
    string Source, Guid? After, Guid? Uid, ulong Generation, long SnapshotOffset, int NextRow);
