using System.Collections.Concurrent;
using System.Collections.Immutable;
using Grpc.Core;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Rag.Hosting.Topology;
using Rag.Internal.V1;
using Rag.Router.Shards;

namespace Rag.Router.Health;

/// <summary>
/// Asks every shard now and then whether it is there. Healthy: all answer and take writes; degraded: some do not, so
/// requests for their partitions fail or are answered in part; unhealthy: none answers. One loop, owned by the host;
/// the state is read from any thread.
/// </summary>
internal sealed class ShardWatch(
    IShardConnections connections, ITopologySource topology, RouterOptions options, TimeProvider time,
    ILogger<ShardWatch> logger)
    : BackgroundService, IHealthCheck
{
    private static readonly TimeSpan MaxWait = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<string, ShardFault> _faults = new(StringComparer.Ordinal);
    private volatile StrongState? _state;

    public async Task<HealthCheckResult> CheckHealthAsync(
        HealthCheckContext context, CancellationToken cancellationToken = default) =>
        (_state ?? await LookAsync(cancellationToken)).Result;

    /// <summary>Asks every shard once.</summary>
    internal async Task<StrongState> LookAsync(CancellationToken cancellationToken)
    {
        var shards = topology.Current.Shards;
        var limits = new ParallelOptions
        {
            MaxDegreeOfParallelism = options.ScatterParallelism,
            CancellationToken = cancellationToken,
        };
        await Parallel.ForEachAsync(shards, limits, AskAsync);
        return _state = new StrongState(Judge(shards));
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        using var timer = new PeriodicTimer(options.HealthInterval, time);
        try
        {
            do
            {
                try
                {
                    await LookAsync(stoppingToken);
                }
                catch (Exception error) when (!stoppingToken.IsCancellationRequested)
                {
                    RouterLog.HealthFailed(logger, error);
                }
            }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The host stops.
        }
    }

    private async ValueTask AskAsync(ShardNode shard, CancellationToken cancellationToken)
    {
        try
        {
            var deadline = DateTime.UtcNow + (options.HealthInterval < MaxWait ? options.HealthInterval : MaxWait);
            using var call = connections.For(shard).GetStatusAsync(
                new GetStatusRequest(), deadline: deadline, cancellationToken: cancellationToken);
            var status = await call.ResponseAsync;
            Note(shard, status.WriteFault.Length == 0 ? null : new ShardFault(status.WriteFault, IsAway: false), null);
        }
        catch (RpcException error) when (!cancellationToken.IsCancellationRequested)
        {
            Note(shard, new ShardFault("it does not answer", IsAway: true), error);
        }
    }

    /// <summary>Logs what has changed, once.</summary>
    private void Note(ShardNode shard, ShardFault? fault, Exception? error)
    {
        var known = _faults.GetValueOrDefault(shard.Name);
        if (known == fault)
            return;
        if (fault is null)
        {
            _faults.TryRemove(shard.Name, out _);
            RouterLog.ShardFound(logger, shard.Name, shard.Address);
            return;
        }

        _faults[shard.Name] = fault;
        if (error is not null)
            RouterLog.ShardLost(logger, shard.Name, shard.Address, error);
        else
            RouterLog.ShardReadOnly(logger, shard.Name, fault.Reason);
    }

    private HealthCheckResult Judge(ImmutableArray<ShardNode> shards)
    {
        var sentences = new List<string>();
        var away = 0;
        foreach (var shard in shards)
        {
            if (!_faults.TryGetValue(shard.Name, out var fault))
                continue;
            away += fault.IsAway ? 1 : 0;
            sentences.Add($"Shard {shard.Name}: {fault.Reason}.");
        }

        if (sentences.Count == 0)
            return HealthCheckResult.Healthy();
        var description = string.Join(' ', sentences);
        return away == shards.Length
            ? HealthCheckResult.Unhealthy(description)
            : HealthCheckResult.Degraded(description);
    }

    /// <summary>A box, so that one volatile write publishes the result.</summary>
    internal sealed record StrongState(HealthCheckResult Result);

    private sealed record ShardFault(string Reason, bool IsAway);
}
