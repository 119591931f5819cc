namespace Rag.Shard.Replication;

/// <summary>A replica has to look again where it stands.</summary>
/// <param name="reason">Why.</param>
/// <param name="epoch">The epoch that has begun.</param>
internal sealed class LookAgainException(string reason, uint epoch) : Exception(reason)
{
    public uint Epoch => epoch;
}

/// <summary>A replica must copy snapshots before it can go on.</summary>
internal sealed class MustCopyException(string reason) : Exception(reason);
