using Grpc.Core;
using Grpc.Health.V1;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Rag.Hosting.Topology;
using Rag.Router.Shards;
using HealthClient = Grpc.Health.V1.Health.HealthClient;
using ServingStatus = Grpc.Health.V1.HealthCheckResponse.Types.ServingStatus;

namespace Rag.Router.Balancing;

/// <summary>
/// Asks every shard's gRPC health service several times a second, so that a shard that has died without a word, or hangs,
/// is given up before its callers' deadlines. Shards of this process are not asked. One loop, owned by the host.
/// </summary>
internal sealed class ShardProbes(
    IShardConnections connections, ITopologySource topology, ShardStates states, RouterOptions options,
    TimeProvider time, ILogger<ShardProbes> logger)
    : BackgroundService
{
    /// <summary>Answers that must fail in a row: one may be late on a busy machine.</summary>
    private const int FailuresToLose = 2;

    private static readonly HealthCheckRequest Whole = new();

    private readonly Dictionary<string, int> _failures = new(StringComparer.Ordinal);

    /// <summary>Asks every shard once.</summary>
    internal async Task LookAsync(CancellationToken cancellationToken)
    {
        var current = topology.Current;
        states.Prune(current);
        var nodes = current.Shards.Where(static shard => shard.Address.Scheme is "http" or "https").ToList();
        var answers = await Task.WhenAll(nodes.Select(shard => AskAsync(shard, cancellationToken)));
        cancellationToken.ThrowIfCancellationRequested();
        for (var i = 0; i < nodes.Count; i++)
            Note(nodes[i], answers[i]);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        using var timer = new PeriodicTimer(options.Balancing.ProbeInterval, time);
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

    private async Task<ShardHealth> AskAsync(ShardNode shard, CancellationToken cancellationToken)
    {
        try
        {
            var client = new HealthClient(connections.InvokerFor(shard));
            using var call = client.CheckAsync(
                Whole, deadline: DateTime.UtcNow + options.Balancing.ProbeTimeout, cancellationToken: cancellationToken);
            var answer = await call.ResponseAsync;
            return answer.Status == ServingStatus.Serving ? ShardHealth.Serving : ShardHealth.NotServing;
        }
        catch (RpcException error)
        {
            return error.StatusCode switch
            {
                StatusCode.Unavailable or StatusCode.DeadlineExceeded or StatusCode.Cancelled => ShardHealth.Lost,
                // It has no health service, or has not looked at itself yet, but it is there.
                _ => ShardHealth.Serving,
            };
        }
    }

    private void Note(ShardNode shard, ShardHealth health)
    {
        var failures = health == ShardHealth.Lost ? _failures.GetValueOrDefault(shard.Name) + 1 : 0;
        _failures[shard.Name] = failures;
        var state = states.Of(shard);
        if (health == ShardHealth.Lost && failures < FailuresToLose)
            return;
        if (state.Health == health)
            return;
        RouterLog.HealthChanged(logger, shard.Name, state.Health, health);
        state.SetHealth(health);
    }
}
