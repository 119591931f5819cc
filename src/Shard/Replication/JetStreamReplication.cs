using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Primitives;
using NATS.Client.Core;
using NATS.Client.JetStream;
using NATS.Client.KeyValueStore;
using Rag.Engine;
using Rag.Hosting.Topology;
using Rag.Shard.Replication.Nats;

namespace Rag.Shard.Replication;

/// <summary>
/// The replicas of one shard on NATS JetStream: which partitions they are is the topology's word, and follows its
/// changes. Searches go on while NATS is away.
/// </summary>
public sealed class JetStreamReplication : IAsyncDisposable
{
    private static readonly TimeSpan SetupPatience = TimeSpan.FromSeconds(10);

    // What is asked of a server that has just died, or before another one leads, is never answered. It is asked again long
    // before the write is late that waits for it.
    private static readonly TimeSpan QuestionLimit = TimeSpan.FromSeconds(2);

    private readonly INatsConnection _connection;
    private readonly StreamSetup _setup;
    private readonly ReplicationContext _context;
    private readonly NatsReplicaPeers _peers;
    private readonly StreamWatch _watch;
    private readonly ITopologySource _topology;
    private readonly CancellationTokenSource _stopping = new();
    private IDisposable? _topologyChanges;
    private Task _running = Task.CompletedTask;

    private JetStreamReplication(
        INatsConnection connection, string cluster, ShardStore store, IReadOnlyDictionary<int, Guid> lastIds,
        ITopologySource topology, string shard, string folder, ReplicationOptions options, ILoggerFactory loggers, TimeProvider time)
    {
        _connection = connection;
        _topology = topology;
        var subjects = new LogSubjects(cluster, options.Streams);
        var js = new NatsJSContext(connection);
        var limit = connection.Opts.RequestTimeout;
        var questions = new NatsJSContext(connection, new NatsJSOpts { RequestTimeout = limit < QuestionLimit ? limit : QuestionLimit });
        _setup = new StreamSetup(js, subjects, options, time, topology.Current.ClusterId);
        _peers = new NatsReplicaPeers(connection, subjects);
        _context = new ReplicationContext
        {
            Shard = shard, Options = options, Folder = folder,
            Log = new JetStreamSharedLog(js, questions, subjects),
            Epochs = new JetStreamEpochStore(questions, subjects),
            Peers = _peers,
            Store = new ReplicaStore(store),
            Memory = ReplicaStateFile.Open(Path.Combine(folder, "replicas.json")),
            Logger = loggers.CreateLogger<JetStreamReplication>(),
        };
        Order = new ReplicatedOrder(_context, lastIds);
        _watch = new StreamWatch(
            _context, new KeyValueFloors(new NatsKVContext(js), subjects, () => _setup.Copies), time,
            () => Order.Replicas, Order.HoldersOf);
    }

    /// <summary>Orders the shard's writes.</summary>
    public ReplicatedOrder Order { get; }

    /// <summary>
    /// Begins to follow the log. Where NATS does not answer within ten seconds it goes on in the background, and writes
    /// are refused until it does.
    /// </summary>
    /// <param name="connection">To NATS; the caller closes it later.</param>
    /// <param name="cluster">The cluster's name there: Nats:Cluster.</param>
    /// <param name="store">Opened with IsReplica; the caller closes it later.</param>
    /// <param name="topology">Which partitions are this shard's.</param>
    /// <param name="shard">Its name there.</param>
    /// <param name="folder">For what replication itself has to keep: small files.</param>
    /// <param name="options">Checked here.</param>
    /// <param name="loggers">Told of what happens.</param>
    /// <param name="time">For intervals.</param>
    /// <param name="cancellationToken">Stops the start.</param>
    /// <exception cref="ArgumentException">Options are not fit; the message lists every error.</exception>
    /// <exception cref="InvalidOperationException">A stream on NATS is not as it must be.</exception>
    public static async Task<JetStreamReplication> StartAsync(
        INatsConnection connection, string cluster, ShardStore store, ITopologySource topology, string shard, string folder,
        ReplicationOptions options, ILoggerFactory loggers, TimeProvider time, CancellationToken cancellationToken)
    {
        if (options.Validate() is { Count: > 0 } errors)
            throw new ArgumentException("The log's options are not fit: " + string.Join(" ", errors));
        var replication = new JetStreamReplication(
            connection, cluster, store, await store.FindLastIdsAsync(cancellationToken), topology, shard, folder, options, loggers,
            time);
        try
        {
            await replication.StartAsync(store, cancellationToken);
            return replication;
        }
        catch
        {
            await replication.DisposeAsync();
            throw;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_stopping.IsCancellationRequested)
            return;
        await _stopping.CancelAsync();
        _topologyChanges?.Dispose();
        _connection.ConnectionDisconnected -= OnDisconnected;
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await Order.DisposeAsync();
        _stopping.Dispose();
    }

    private async Task StartAsync(ShardStore store, CancellationToken cancellationToken)
    {
        _connection.ConnectionDisconnected += OnDisconnected;
        var ready = Task.Run(() => SetUpAsync(_stopping.Token), cancellationToken);
        await Task.WhenAny(ready, Task.Delay(SetupPatience, cancellationToken));
        cancellationToken.ThrowIfCancellationRequested();
        if (ready.IsFaulted)
            await ready;
        store.UseOrder(Order);
        _topologyChanges = ChangeToken.OnChange(_topology.Watch, () => _ = AssignAsync());
        // Where the streams are not there yet the replicas wait for them, and writes for the replicas.
        await AssignAsync();
        _running = Task.Run(() => RunAsync(ready), CancellationToken.None);
    }

    // Servers that come late are no reason to give up: meanwhile the shard serves searches.
    private async Task SetUpAsync(CancellationToken stopping)
    {
        while (true)
        {
            try
            {
                await _setup.RunAsync(stopping);
                return;
            }
            catch (NoPlaceForStreamException missing)
            {
                ReplicationLog.NoPlace(_context.Logger, missing.Message);
            }
        }
    }

    private async Task RunAsync(Task ready)
    {
        try
        {
            await Task.WhenAll(
                ready, _peers.ServeAsync(_context.Shard, Order.AnswerAsync, _stopping.Token), _watch.RunAsync(_stopping.Token));
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // The shard stops.
        }
        catch (Exception exception)
        {
            ReplicationLog.Died(_context.Logger, exception);
        }
    }

    private async Task AssignAsync()
    {
        try
        {
            var topology = _topology.Current;
            var holders = new Dictionary<int, PartitionHolders>();
            for (var partition = 0; partition < topology.Partitions; partition++)
            {
                if (topology.FindReplica(_context.Shard, partition) is null)
                    continue;
                var replicas = topology.ReplicasOf(partition);
                holders[partition] = new PartitionHolders(
                    [.. replicas.Select(replica => replica.Shard.Name)],
                    [.. replicas.Where(replica => replica.Serves).Select(replica => replica.Shard.Name)]);
            }

            await Order.AssignAsync(holders);
        }
        catch (ObjectDisposedException)
        {
            // The shard stops.
        }
    }

    private ValueTask OnDisconnected(object? sender, NatsEventArgs args)
    {
        Order.LookAgain();
        return default;
    }
}
