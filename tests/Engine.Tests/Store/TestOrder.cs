using Rag.Engine.Storage;

namespace Rag.Engine.Tests.Store;

/// <summary>Gives places in the order of the calls, and applies to every store at once.</summary>
internal sealed class TestOrder(params StoreHarness[] replicas) : IMutationOrder
{
    private readonly SemaphoreSlim _turn = new(1);

    public uint Epoch { get; set; } = 1;

    public ulong Sequence { get; set; }

    /// <summary>All that was ordered.</summary>
    public List<OrderedMutation> Mutations { get; } = [];

    public async Task OrderAsync(
        SliceId slice, byte kind, Guid mutationId, ReadOnlyMemory<byte> payload, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            // With gaps, as in a stream that partitions share.
            Sequence += 3;
            await ApplyAsync(new OrderedMutation(slice, new WriteStamp(Epoch, Sequence), kind, mutationId, payload));
        }
        finally
        {
            _turn.Release();
        }
    }

    public async Task ApplyAsync(OrderedMutation mutation)
    {
        Mutations.Add(mutation);
        foreach (var replica in replicas)
            await replica.Store.ApplyAsync([mutation]);
    }
}
