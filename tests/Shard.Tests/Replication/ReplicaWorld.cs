using System.Collections.Concurrent;
using Rag.Engine;
using Rag.Engine.Storage;
using Rag.Shard.Replication;
using Rag.Testing;

namespace Rag.Shard.Tests.Replication;

/// <summary>Shards with replicas of the same partitions on a log in memory.</summary>
internal sealed class ReplicaWorld : IReplicaPeers, IAsyncDisposable
{
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private static readonly Guid Workspace = Guid.NewGuid();

    private readonly TemporaryFolder _folder = new();
    private readonly ConcurrentQueue<string> _lines = new();
    private readonly ConcurrentDictionary<string, ReplicatedOrder> _running = new();
    private readonly ConcurrentDictionary<string, ReplicationContext> _contexts = new();
    private readonly string[] _shards;
    private readonly int _partitions;

    public ReplicaWorld(int shards = 3, int partitions = 1)
    {
        _shards = [.. Enumerable.Range(0, shards).Select(i => $"s{i}")];
        _partitions = partitions;
        foreach (var shard in _shards)
            Stores[shard] = new FakeReplicaStore { Trace = line => Note($"{shard} {line}") };
        Log.Trace = Note;
    }

    public FakeSharedLog Log { get; } = new();

    public FakeEpochs Epochs { get; } = new();

    public FakeFloors Floors { get; } = new();

    public ConcurrentDictionary<string, FakeReplicaStore> Stores { get; } = new();

    /// <summary>Shards with a replica that must be copied anew.</summary>
    public IEnumerable<string> Behind => Running.Where(shard => this[shard].FindBehind().Count > 0);

    /// <summary>Ids of the writes that were acknowledged.</summary>
    public ConcurrentDictionary<Guid, int> Acknowledged { get; } = new();

    public ReplicationOptions Options { get; init; } = new()
    {
        PeerPatience = TimeSpan.FromMilliseconds(150), EpochPatience = TimeSpan.FromMilliseconds(300),
        WriteDeadline = TimeSpan.FromSeconds(20),
    };

    public ICollection<string> Running => _running.Keys;

    public ReplicatedOrder this[string shard] => _running[shard];

    public static async Task<ReplicaWorld> StartAsync(int shards = 3, int partitions = 1)
    {
        var world = new ReplicaWorld(shards, partitions);
        foreach (var shard in world._shards)
            await world.StartAsync(shard);
        await world.WhenOpenAsync();
        return world;
    }

    public async Task StartAsync(string shard)
    {
        var context = new ReplicationContext
        {
            Shard = shard, Options = Options, Log = Log, Epochs = Epochs, Peers = this, Store = Stores[shard],
            Memory = ReplicaStateFile.Open(_folder.Combine(shard, "replicas.json")), Folder = _folder.Combine(shard),
            Logger = new LinesLogger(shard, _lines),
        };
        var lastIds = Enumerable.Range(0, _partitions)
            .ToDictionary(partition => partition, partition => Stores[shard].Applied(partition).LastOrDefault().MutationId);
        var order = new ReplicatedOrder(context, lastIds);
        _contexts[shard] = context;
        _running[shard] = order;
        await order.AssignAsync(Enumerable.Range(0, _partitions)
            .ToDictionary(partition => partition, _ => new PartitionHolders([.. _shards], [.. _shards])));
    }

    public async Task StopAsync(string shard)
    {
        if (_running.TryRemove(shard, out var order))
            await order.DisposeAsync();
    }

    /// <summary>Every replica of the running shards takes writes.</summary>
    public async Task WhenOpenAsync()
    {
        try
        {
            await Eventually.HoldsAsync(
                () => _running.Values.All(order => order.OpenPartitions.Count == _partitions), "all replicas are open", Limit);
        }
        catch (TimeoutException)
        {
            throw new TimeoutException($"Not all replicas opened:\n{Lines(60)}");
        }
    }

    /// <summary>
    /// The log loses what came behind a sequence, and the epochs behind an entry where one is named, as when all servers lose
    /// power: connections break, and only then something is lost.
    /// </summary>
    /// <param name="stream">The stream.</param>
    /// <param name="keep">What it keeps.</param>
    /// <param name="epochs">How many entries of the epochs are kept; null for all.</param>
    /// <param name="again">Sequences of messages that come again at once, in this order.</param>
    public void LoseTail(int stream, ulong keep, int? epochs = null, params IReadOnlyList<ulong> again)
    {
        Note($"stream {stream} loses what is behind {keep}, the epochs what is behind {epochs}");
        Log.IsAway = true;
        foreach (var order in _running.Values)
            order.LookAgain();
        Log.LoseTail(stream, keep, again);
        if (epochs is { } entries)
            Epochs.LoseTail(entries);
        Log.IsAway = false;
    }

    /// <param name="key">What is written, and the value that it gets.</param>
    /// <param name="value">Unlike every other one.</param>
    public async Task<Guid> WriteAsync(string shard, int partition = 0, byte key = 1, byte value = 2)
    {
        var id = Guid.CreateVersion7();
        await _running[shard].OrderAsync(
            new SliceId(Workspace, partition), 2, id, new[] { key, value }, TestContext.Current.CancellationToken);
        Acknowledged[id] = partition;
        return id;
    }

    /// <summary>What a key is in the end, where each mutation counts once and a late one only above lower versions.</summary>
    public byte ValueOf(string shard, int partition, byte key)
    {
        var seen = new HashSet<Guid>();
        var (version, value) = (default(WriteStamp), (byte)0);
        foreach (var one in Stores[shard].Applied(partition).Where(one => one.Payload.Span[0] == key && seen.Add(one.MutationId)))
        {
            var own = one.Origin.IsNone ? one.Stamp : one.Origin;
            if (one.Origin.IsNone || own > version)
                (version, value) = (own, one.Payload.Span[1]);
        }

        return value;
    }

    public string Lines(int count) => string.Join('\n', _lines.TakeLast(count));

    public StreamWatch Watch(string shard) => new(
        _contexts[shard], Floors, TimeProvider.System, () => _running[shard].Replicas, _running[shard].HoldersOf);

    /// <summary>All running replicas have the same mutations at the same places, and all that was acknowledged.</summary>
    public async Task ConvergesAsync()
    {
        await WhenOpenAsync();
        await Eventually.HoldsAsync(
            () => Enumerable.Range(0, _partitions).All(partition => _running.Keys.Select(shard => Describe(shard, partition)).Distinct().Count() == 1),
            () => "all replicas have the same:\n" + string.Join('\n', Enumerable.Range(0, _partitions).SelectMany(
                partition => _running.Keys.Select(shard => $"{shard} {partition}: {Describe(shard, partition)}"))), Limit);
        // What a replica brings may still be on its way.
        await Eventually.HoldsAsync(
            () => Acknowledged.All(write => _running.Keys.All(
                shard => Stores[shard].Applied(write.Value).Any(one => one.MutationId == write.Key))),
            "all acknowledged writes are on all replicas", Limit);
    }

    private void Note(string line) => _lines.Enqueue($"{Environment.TickCount64 % 1_000_000} {line}");

    private string Describe(string shard, int partition) => string.Join(
        ' ', Stores[shard].Applied(partition).Select(one => $"{one.Stamp}={Convert.ToHexString(one.MutationId.ToByteArray().AsSpan(12))}"));

    public async ValueTask<PeerAnswer?> AskAsync(
        string shard, PeerQuestion question, TimeSpan patience, CancellationToken cancellationToken)
    {
        try
        {
            return _running.TryGetValue(shard, out var order)
                ? await order.AnswerAsync(question, cancellationToken).WaitAsync(patience, cancellationToken)
                : null;
        }
        catch (Exception exception) when (exception is TimeoutException or ObjectDisposedException)
        {
            return null;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return null;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_running.Keys.Select(StopAsync));
        _folder.Dispose();
    }
}
