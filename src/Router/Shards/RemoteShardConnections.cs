using System.Collections.Concurrent;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.Extensions.Primitives;
using Rag.Hosting.Topology;
using Rag.Internal.V1;
using Rag.Router.Shards.Streams;

namespace Rag.Router.Shards;

/// <summary>
/// Shards at their addresses: one channel each, kept open, with as many HTTP/2 connections as its streams need.
/// Channels of shards that left the topology are closed after a while. Thread-safe.
/// </summary>
public sealed class RemoteShardConnections : IShardConnections, IDisposable
{
    /// <summary>Calls under way finish before a channel that is no longer wanted is closed.</summary>
    private static readonly TimeSpan Linger = TimeSpan.FromMinutes(2);

    private readonly ConcurrentDictionary<ShardNode, Connection> _connections = new();
    private readonly ITopologySource _topology;
    private readonly TimeProvider _time;
    private readonly int _maxMessageBytes;
    private readonly int _searchStreams;
    private readonly IDisposable _watch;
    private volatile bool _disposed;

    /// <param name="maxMessageBytes">Largest answer of a shard.</param>
    /// <param name="searchStreams">Streams that searches share, for each shard; 0: each search is a call.</param>
    public RemoteShardConnections(
        ITopologySource topology, int maxMessageBytes, TimeProvider? time = null, int searchStreams = 4)
    {
        ArgumentNullException.ThrowIfNull(topology);
        _topology = topology;
        _time = time ?? TimeProvider.System;
        _maxMessageBytes = maxMessageBytes;
        _searchStreams = searchStreams;
        _watch = ChangeToken.OnChange(topology.Watch, CloseUnwanted);
    }

    /// <inheritdoc/>
    public ShardService.ShardServiceClient For(ShardNode shard) => Find(shard).Client;

    /// <inheritdoc/>
    public CallInvoker InvokerFor(ShardNode shard) => Find(shard).Invoker;

    public void Dispose()
    {
        if (_disposed)
            return;
        _disposed = true;
        _watch.Dispose();
        foreach (var connection in _connections.Values)
            connection.Close();
    }

    private Connection Find(ShardNode shard)
    {
        ArgumentNullException.ThrowIfNull(shard);
        ObjectDisposedException.ThrowIf(_disposed, this);
        // The weight is no matter of connections: nodes that differ in it only share a channel by name and address.
        var key = shard.Weight == 1 ? shard : shard with { Weight = 1 };
        return _connections.GetOrAdd(key, static (node, self) => self.Open(node), this);
    }

    private Connection Open(ShardNode shard) => new(_searchStreams, () => GrpcChannel.ForAddress(shard.Address, new GrpcChannelOptions
    {
        MaxReceiveMessageSize = _maxMessageBytes,
        MaxSendMessageSize = _maxMessageBytes,
        // Two connections keep both cores of a small machine busy; more open by themselves when streams run out.
        Connections = 2,
        ConnectTimeout = TimeSpan.FromSeconds(1),
        KeepAlivePingDelay = TimeSpan.FromSeconds(10),
        KeepAlivePingTimeout = TimeSpan.FromSeconds(5),
    }));

    private void CloseUnwanted()
    {
        var wanted = _topology.Current.Shards.Select(static shard => shard with { Weight = 1 }).ToHashSet();
        foreach (var shard in _connections.Keys)
        {
            if (!wanted.Contains(shard) && _connections.TryRemove(shard, out var connection))
                _ = CloseLaterAsync(connection);
        }
    }

    private async Task CloseLaterAsync(Connection connection)
    {
        await Task.Delay(Linger, _time);
        connection.Close();
    }

    /// <summary>Made once, even if several calls ask for it at the same time.</summary>
    private sealed class Connection(int searchStreams, Func<GrpcChannel> open)
    {
        private readonly Lazy<Opened> _open = new(() =>
        {
            var channel = open();
            var invoker = channel.CreateCallInvoker();
            var searches = searchStreams > 0 ? new SearchStreamInvoker(invoker, searchStreams) : null;
            return new Opened(
                channel, invoker, searches, new ShardService.ShardServiceClient((CallInvoker?)searches ?? invoker));
        });

        public ShardService.ShardServiceClient Client => _open.Value.Client;

        public CallInvoker Invoker => _open.Value.Invoker;

        public void Close()
        {
            if (!_open.IsValueCreated)
                return;
            _open.Value.Searches?.Dispose();
            _open.Value.Channel.Dispose();
        }

        private sealed record Opened(
            GrpcChannel Channel, CallInvoker Invoker, SearchStreamInvoker? Searches, ShardService.ShardServiceClient Client);
    }
}
