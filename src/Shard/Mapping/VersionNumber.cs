using Rag.Engine;

namespace Rag.Shard.Mapping;

/// <summary>
/// A version as callers see it: one number that rises with every change.
/// <code>
///  63 62         48 47                                 0
/// ┌──┬─────────────┬───────────────────────────────────┐
/// │ 0│    epoch    │             sequence              │   0 stands for "none"
/// └──┴─────────────┴───────────────────────────────────┘
/// </code>
/// </summary>
internal static class VersionNumber
{
    private const int SequenceBits = 48;

    public static long From(WriteStamp stamp) => (long)(((ulong)stamp.Epoch << SequenceBits) | stamp.Sequence);

    public static WriteStamp ToStamp(long version) =>
        new((uint)((ulong)version >> SequenceBits), (ulong)version & ((1UL << SequenceBits) - 1));
}
