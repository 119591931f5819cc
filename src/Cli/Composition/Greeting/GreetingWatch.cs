using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Rag.Cli.Composition.Greeting;

/// <summary>
/// Greets again and again: others are started anew with other versions and clocks drift. Who disagrees with all is not
/// healthy, and says why once.
/// </summary>
internal sealed partial class GreetingWatch(Greeter greeter, GreetingOptions options, TimeProvider time, ILogger<GreetingWatch> logger)
    : BackgroundService, IHealthCheck
{
    private volatile HealthBox _state = new(HealthCheckResult.Healthy());
    private string _told = "";

    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(_state.Result);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        using var timer = new PeriodicTimer(options.Interval, time);
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
                    LogFailed(error);
                }
            }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The host stops.
        }
    }

    private async Task LookAsync(CancellationToken cancellationToken)
    {
        var (answers, disagreements) = await greeter.AskAsync(cancellationToken);
        var sentences = string.Join(' ', disagreements);
        // What changes with every look, such as an offset, is not told again and again.
        var gist = new string([.. sentences.Where(static c => !char.IsAsciiDigit(c))]);
        if (gist.Length > 0 && gist != _told)
            LogDisagreement(sentences);
        _told = gist;
        _state = new HealthBox(disagreements.Count switch
        {
            0 => HealthCheckResult.Healthy(),
            var count when count == answers => HealthCheckResult.Unhealthy(sentences),
            _ => HealthCheckResult.Degraded(sentences),
        });
    }

    [LoggerMessage(9020, LogLevel.Error, "Processes of the cluster disagree: {Disagreements}")]
    private partial void LogDisagreement(string disagreements);

    [LoggerMessage(9021, LogLevel.Error, "Greeting the other processes failed; it is tried again.")]
    private partial void LogFailed(Exception error);

    /// <summary>A box, so that one volatile write publishes the result.</summary>
    private sealed record HealthBox(HealthCheckResult Result);
}
