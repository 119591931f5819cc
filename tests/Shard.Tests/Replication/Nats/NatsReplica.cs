using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using NATS.Client.Core;
using Rag.Engine;
using Rag.Engine.Indexing;
using Rag.Engine.Storage;
using Rag.Engine.Tests.Storage;
using Rag.Hosting.Topology;
using Rag.Shard.Replication;
using Rag.Testing;

namespace Rag.Shard.Tests.Replication.Nats;

/// <summary>A shard's store and its replicas on NATS, on a disk in memory that can lose power.</summary>
internal sealed class NatsReplica(
    string name, NatsOpts nats, ITopologySource topology, ReplicationOptions options, ILoggerFactory loggers) : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private FaultyFileSystem _disk = new();
    private NatsConnection? _connection;
    private JetStreamReplication? _replication;
    private ShardStore? _store;

    public string Name => name;

    public ShardStore Store => _store ?? throw new InvalidOperationException("It is stopped.");

    public JetStreamReplication Replication => _replication!;

    public bool IsRunning => _store is not null;

    public async Task StartAsync()
    {
        var folder = _folder.Combine("shard");
        Directory.CreateDirectory(folder);
        _connection = new NatsConnection(nats);
        _store = await ShardStore.OpenAsync(new StoreOptions
        {
            DataFolder = folder, MutationLogMemoryBytes = 2 << 20, ChunkLogMemoryBytes = 2 << 20, LogSegmentBytes = 4 << 20,
            FreeSpaceReserveBytes = 1 << 20, MaintenanceInterval = TimeSpan.FromHours(1), IsReplica = true,
        }, _disk, loggers, TimeProvider.System, default);
        _replication = await JetStreamReplication.StartAsync(
            _connection, topology.Current.ClusterId, _store, topology, name, _folder.Combine("log"), options, loggers, TimeProvider.System, default);
    }

    public async Task StopAsync()
    {
        if (_store is null)
            return;
        await _replication!.DisposeAsync();
        await _store.DisposeAsync();
        await _connection!.DisposeAsync();
        _store = null;
    }

    /// <summary>Stops as a machine does that loses power: what was not synced is gone, or not, by chance.</summary>
    public async Task LosePowerAsync(int seed)
    {
        var found = _disk.LosePower(new Random(seed));
        await StopAsync();
        _disk = found;
    }

    /// <summary>Takes writes in all partitions.</summary>
    public Task WhenOpenAsync() => Eventually.HoldsAsync(
        () => _replication!.Order.OpenPartitions.Count == topology.Current.Partitions, $"{name} is open", TimeSpan.FromSeconds(60));

    public Task CreateAsync(Guid uid, int partition) => Store.PutSettingsAsync(partition, new WorkspaceSettings
    {
        Uid = uid, Version = 1, Spaces = [new VectorSpaceSettings { Dimension = 2, Metric = Metric.L2 }],
    }, Guid.CreateVersion7(), default);

    public async Task<WriteStamp> UpsertAsync(SliceId slice, string key, float x) => (await Store.UpsertAsync(slice, [new ChunkWrite
    {
        Key = new ChunkKey(key, key), Text = $"{key} {x}", Vectors = [new SpaceVector("", new[] { x, 1f })],
    }], Guid.CreateVersion7(), default)).Stamp;

    public Task DeleteAsync(SliceId slice, string key) => Store.DeleteAsync(
        slice, new ChunkSelection.ByKey([new ChunkDeletion(new ChunkKey(key, key))]), Guid.CreateVersion7(), default);

    /// <summary>Keys, versions and texts.</summary>
    public async Task<ImmutableSortedDictionary<string, string>> ContentAsync(SliceId slice)
    {
        if (Store.FindSettings(slice.WorkspaceUid, slice.Partition) is null)
            return ImmutableSortedDictionary<string, string>.Empty;
        var page = await Store.ListAsync(slice, null, 1000, null, null, ReturnFields.Text, default);
        return page.Chunks.ToImmutableSortedDictionary(
            chunk => chunk.Key.ChunkId, chunk => $"{chunk.Version} {chunk.Text}");
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _folder.Dispose();
    }
}
