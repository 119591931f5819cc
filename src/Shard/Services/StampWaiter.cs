using Google.Protobuf.Collections;
using Rag.Engine;
using Rag.Internal.V1;
using Rag.Shard.Errors;

namespace Rag.Shard.Services;

/// <summary>Holds a read back until the writes that its caller has seen are applied here.</summary>
internal static class StampWaiter
{
    /// <summary>How long a replica is waited for before the router asks another one, or this one again.</summary>
    private static readonly TimeSpan MaxWait = TimeSpan.FromMilliseconds(250);

    /// <summary>
    /// Returns at once where everything is applied, which is always so on the replica that took the write.
    /// </summary>
    /// <exception cref="Grpc.Core.RpcException">FAILED_PRECONDITION, not-reached: it is not applied yet.</exception>
    public static async ValueTask WaitAsync(this ShardStore store, RepeatedField<Stamp> stamps, CancellationToken ct)
    {
        if (stamps.Count == 0)
            return;
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(ct);
        patience.CancelAfter(MaxWait);
        foreach (var stamp in stamps)
        {
            try
            {
                await store.WaitForAsync(stamp.Partition, new WriteStamp(stamp.Epoch, stamp.Sequence), patience.Token);
            }
            catch (OperationCanceledException) when (!ct.IsCancellationRequested)
            {
                throw ShardStatus.Refuse(ShardStatus.NotReached,
                    $"Partition {stamp.Partition} is not yet at {stamp.Sequence} of epoch {stamp.Epoch}.");
            }
        }
    }
}
