using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Primitives;

namespace Rag.Hosting.Topology.Moving;

/// <summary>Keeps making steps as long as the host runs: after each change of the topology, and every second.</summary>
internal sealed partial class Rebalancer(
    ITopologyStore store, RebalanceOptions options, TimeProvider time, ILogger<Rebalancer> logger) : BackgroundService
{
    private readonly SemaphoreSlim _wake = new(0, 1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        var steps = new RebalanceSteps(store, options, time);
        using var watch = ChangeToken.OnChange(store.Watch, Wake);
        try
        {
            while (true)
            {
                await StepAsync(steps, stoppingToken);
                await _wake.WaitAsync(options.Interval, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The host stops.
        }
    }

    public override void Dispose()
    {
        _wake.Dispose();
        base.Dispose();
    }

    private async Task StepAsync(RebalanceSteps steps, CancellationToken cancellationToken)
    {
        try
        {
            if (await steps.StepAsync(cancellationToken))
                LogStep(store.Current.Version, Rebalance.MovesOf(store.Current).Count);
        }
        catch (Exception fault) when (fault is TopologyUnavailableException or InvalidTopologyException)
        {
            LogPostponed(fault.Message);
        }
        catch (Exception fault) when (!cancellationToken.IsCancellationRequested)
        {
            LogFailed(fault);
        }
    }

    private void Wake()
    {
        try
        {
            if (_wake.CurrentCount == 0)
                _wake.Release();
        }
        catch (Exception over) when (over is SemaphoreFullException or ObjectDisposedException)
        {
            // Another change woke it, or it has stopped.
        }
    }

    [LoggerMessage(5020, LogLevel.Information, "Topology version {Version} is a step of moving replicas; {Moves} copies are left to make.")]
    private partial void LogStep(long version, int moves);

    [LoggerMessage(5021, LogLevel.Warning, "Moving replicas waits: {Reason}")]
    private partial void LogPostponed(string reason);

    [LoggerMessage(5022, LogLevel.Error, "A step of moving replicas failed; it is tried again.")]
    private partial void LogFailed(Exception error);
}

/// <summary>Adds it to a host.</summary>
public static class RebalanceServiceCollectionExtensions
{
    /// <summary>Lets this process move replicas to where they should be; the container has to hold an <see cref="ITopologyStore"/>.</summary>
    /// <exception cref="ArgumentException">The options are not usable; the message lists every error.</exception>
    public static IServiceCollection AddRebalancing(this IServiceCollection services, RebalanceOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.Validate() is { Count: > 0 } errors)
            throw new ArgumentException("Rebalance options: " + string.Join("; ", errors) + ".", nameof(options));
        if (!options.Enabled)
            return services;
        services.AddSingleton(options);
        return services.AddHostedService(provider => new Rebalancer(
            provider.GetRequiredService<ITopologyStore>(), options, provider.GetService<TimeProvider>() ?? TimeProvider.System,
            provider.GetRequiredService<ILogger<Rebalancer>>()));
    }
}
