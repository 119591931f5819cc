namespace Rag.Shard.Replication;

/// <summary>A replica has to look again where it stands.</summary>
internal sealed class LookAgainException(string reason) : Exception(reason);

/// <summary>A replica must copy snapshots before it can go on.</summary>
internal sealed class MustCopyException(string reason) : Exception(reason);
