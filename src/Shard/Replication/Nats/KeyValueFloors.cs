using System.Text.Json;
using NATS.Client.Core;
using NATS.Client.KeyValueStore;

namespace Rag.Shard.Replication.Nats;

/// <summary>Reports in a key-value bucket. Thread-safe.</summary>
internal sealed class KeyValueFloors(INatsKVContext buckets, LogSubjects subjects, Func<int> copies) : IFloorStore
{
    private INatsKVStore? _bucket;

    public async ValueTask ReportAsync(
        string shard, int stream, FloorReport report, CancellationToken cancellationToken)
    {
        try
        {
            var bucket = await OpenAsync(cancellationToken);
            await bucket.PutAsync(subjects.Floor(shard, stream), JsonSerializer.SerializeToUtf8Bytes(report),
                cancellationToken: cancellationToken);
        }
        catch (NatsException e)
        {
            throw new SharedLogException($"A report was not taken: {e.Message}", cause: e);
        }
    }

    public async ValueTask<FloorReport?> FindAsync(string shard, int stream, CancellationToken cancellationToken)
    {
        try
        {
            var bucket = await OpenAsync(cancellationToken);
            var entry = await bucket.GetEntryAsync<byte[]>(
                subjects.Floor(shard, stream), cancellationToken: cancellationToken);
            return entry.Value is null ? null : JsonSerializer.Deserialize<FloorReport>(entry.Value);
        }
        catch (Exception e) when (e is NatsKVKeyNotFoundException or NatsKVKeyDeletedException or JsonException)
        {
            return null;
        }
        catch (NatsException e)
        {
            throw new SharedLogException($"A report cannot be read: {e.Message}", cause: e);
        }
    }

    private async ValueTask<INatsKVStore> OpenAsync(CancellationToken cancellationToken)
    {
        if (_bucket is { } known)
            return known;
        var config = new NatsKVConfig(subjects.Floors) { NumberOfReplicas = copies() };
        return _bucket = await buckets.CreateStoreAsync(config, cancellationToken);
    }
}
