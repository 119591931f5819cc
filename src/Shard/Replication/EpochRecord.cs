using Rag.Engine;

namespace Rag.Shard.Replication;

/// <summary>
/// An epoch of a partition: how the stream goes on after it lost its tail, or may have.
/// <code>
/// sequences  … 104  105 │ 106  107  108 │ 109      110  111  112   │ 113 …
///               kept ───┘   void: strays   marker   republished      mutations of the new epoch
///                            of the old             places in (at, end]
/// </code>
/// </summary>
/// <param name="Epoch">Its number, above all former ones.</param>
/// <param name="Leader">The shard that began it.</param>
/// <param name="Kept">Up to this sequence the messages of former epochs count.</param>
/// <param name="At">Place of the last mutation up to there.</param>
/// <param name="Marker">Sequence of the message that begins it; 0 while it is only claimed.</param>
/// <param name="End">Place of the last mutation before it: what was at most republished.</param>
internal sealed record EpochRecord(
    uint Epoch, string Leader, ulong Kept, WriteStamp At, ulong Marker, WriteStamp End)
{
    /// <summary>Whether all replicas can go on in it.</summary>
    public bool IsComplete => Marker != 0;

    /// <summary>What tells it from every other one.</summary>
    public EpochMark Mark => new(Epoch, Leader);
}

/// <summary>
/// An epoch by its number and the shard that began it. A shard never begins two of one number; two shards that know nothing
/// of each other, while NATS has forgotten what the first one did, may.
/// </summary>
/// <param name="Epoch">Its number.</param>
/// <param name="Leader">Name of the shard; empty for the first epoch.</param>
internal readonly record struct EpochMark(uint Epoch, string Leader);
