using System.Collections.Concurrent;
using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using NATS.Client.Core;
using Rag.Engine;
using Rag.Engine.Storage;
using Rag.Hosting.Topology;
using Rag.Shard.Replication;
using Rag.Testing;

namespace Rag.Shard.Tests.Replication.Nats;

/// <summary>Shards that hold replicas of all partitions of a cluster of their own on shared NATS servers.</summary>
internal sealed class ReplicaCluster : IAsyncDisposable
{
    private readonly ConcurrentQueue<string> _lines = new();
    private readonly ILoggerFactory _loggers;

    private ReplicaCluster(NatsOpts nats, int shards)
    {
        _loggers = LoggerFactory.Create(logging => logging.SetMinimumLevel(LogLevel.Debug).AddProvider(new LinesProvider(_lines)));
        var id = $"c{Guid.NewGuid():N}";
        var nodes = Enumerable.Range(0, shards)
            .Select(i => new ShardNode($"s{i}", new Uri($"http://127.0.0.1:{i + 1}"))).ToImmutableArray();
        var topology = new StaticTopology(ClusterTopology.Balanced(1, Partitions, nodes, shards, id));
        var options = new ReplicationOptions
        {
            Streams = 2, StreamBytes = 8 << 20, PeerPatience = TimeSpan.FromSeconds(1), EpochPatience = TimeSpan.FromSeconds(2),
            CheckInterval = TimeSpan.FromSeconds(1), WriteDeadline = TimeSpan.FromSeconds(60),
        };
        Shards = [.. nodes.Select(node => new NatsReplica(node.Name, nats, topology, options, _loggers))];
    }

    public const int Partitions = 2;

    private const string LogHeading = "What the replicas logged:";

    public ImmutableArray<NatsReplica> Shards { get; }

    public ImmutableArray<SliceId> Slices { get; } =
        [.. Enumerable.Range(0, Partitions).Select(partition => new SliceId(Guid.NewGuid(), partition))];

    /// <summary>Keys that must be there, with their texts, by slice; null where they must not.</summary>
    public ConcurrentDictionary<(SliceId Slice, string Key), string?> Expected { get; } = new();

    public string Log => string.Join('\n', _lines.TakeLast(300));

    public static async Task<ReplicaCluster> StartAsync(NatsOpts nats, int shards = 3)
    {
        var cluster = new ReplicaCluster(nats, shards);
        await Task.WhenAll(cluster.Shards.Select(shard => shard.StartAsync()));
        try
        {
            await Task.WhenAll(cluster.Shards.Select(shard => shard.WhenOpenAsync()));
        }
        catch (TimeoutException late)
        {
            throw new TimeoutException($"{late.Message}\n{LogHeading}\n{cluster.Log}");
        }

        foreach (var slice in cluster.Slices)
            await cluster.Shards[0].CreateAsync(slice.WorkspaceUid, slice.Partition);
        await cluster.ConvergesAsync();
        return cluster;
    }

    public async Task UpsertAsync(NatsReplica shard, SliceId slice, string key, float x)
    {
        await shard.UpsertAsync(slice, key, x);
        Expected[(slice, key)] = $"{key} {x}";
    }

    public async Task DeleteAsync(NatsReplica shard, SliceId slice, string key)
    {
        await shard.DeleteAsync(slice, key);
        Expected[(slice, key)] = null;
    }

    /// <summary>All running shards have what was acknowledged, and the same.</summary>
    public async Task ConvergesAsync()
    {
        try
        {
            await Task.WhenAll(Shards.Where(shard => shard.IsRunning).Select(shard => shard.WhenOpenAsync()));
            await Eventually.HoldsAsync(HasConvergedAsync, "all replicas have what was acknowledged", TimeSpan.FromSeconds(60));
        }
        catch (TimeoutException late)
        {
            throw new TimeoutException($"{late.Message}\n{await TryDescribeAsync()}\n{LogHeading}\n{Log}");
        }
    }

    /// <summary>Does what a test does; where that fails, its message has how the replicas stand and what they logged.</summary>
    public async Task RunAsync(Func<Task> act)
    {
        try
        {
            await act();
        }
        catch (Exception failure) when (!failure.Message.Contains(LogHeading, StringComparison.Ordinal))
        {
            throw new InvalidOperationException($"{failure}\n{await TryDescribeAsync()}\n{LogHeading}\n{Log}", failure);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var shard in Shards)
            await shard.DisposeAsync();
        _loggers.Dispose();
    }

    private async Task<bool> HasConvergedAsync()
    {
        foreach (var slice in Slices)
        {
            if (Shards.Any(shard => shard.IsRunning && shard.Store.FindSettings(slice.WorkspaceUid, slice.Partition) is null))
                return false;
            var contents = await Task.WhenAll(Shards.Where(shard => shard.IsRunning).Select(shard => shard.ContentAsync(slice)));
            if (contents.Any(content => !content.SequenceEqual(contents[0])))
                return false;
            foreach (var ((of, key), text) in Expected)
            {
                if (of == slice && (contents[0].TryGetValue(key, out var found)
                    ? text is null || !found.EndsWith(text, StringComparison.Ordinal)
                    : text is not null))
                    return false;
            }
        }

        return true;
    }

    private async Task<string> TryDescribeAsync()
    {
        try
        {
            return await DescribeAsync();
        }
        catch (Exception failure)
        {
            return $"How they stand cannot be told: {failure.Message}";
        }
    }

    private async Task<string> DescribeAsync()
    {
        var lines = new List<string>();
        foreach (var slice in Slices)
        {
            foreach (var shard in Shards.Where(shard => shard.IsRunning))
            {
                var content = await shard.ContentAsync(slice);
                var wrong = Expected.Where(one => one.Key.Slice == slice && (content.TryGetValue(one.Key.Key, out var found)
                    ? one.Value is null || !found.EndsWith(one.Value, StringComparison.Ordinal) : one.Value is not null));
                lines.Add($"{shard.Name} {slice.Partition}: {content.Count} chunks at {shard.Store.LastStamp(slice.Partition)}, wrong: "
                    + string.Join(' ', wrong.Take(10).Select(one => $"{one.Key.Key}={one.Value ?? "deleted"}")));
            }
        }

        return string.Join('\n', lines);
    }

    private sealed class LinesProvider(ConcurrentQueue<string> lines) : ILoggerProvider
    {
        public ILogger CreateLogger(string categoryName) =>
            categoryName.Contains("Replication", StringComparison.Ordinal)
                ? new LinesLogger("", lines)
                : Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance;

        public void Dispose()
        {
        }
    }
}
