using Google.Protobuf.Collections;
using Rag.Engine;
using Rag.Internal.V1;

namespace Rag.Shard.Services;

/// <summary>Holds a read back until the writes that its caller has seen are applied here.</summary>
internal static class StampWaiter
{
    /// <summary>Returns at once where everything is applied, which is always so on the replica that took the write.</summary>
    public static async ValueTask WaitAsync(this ShardStore store, RepeatedField<Stamp> stamps, CancellationToken ct)
    {
        foreach (var stamp in stamps)
            await store.WaitForAsync(stamp.Partition, new WriteStamp(stamp.Epoch, stamp.Sequence), ct);
    }
}
