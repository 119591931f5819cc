using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Rag.Hosting.Messaging;

namespace Rag.Ingestor.Lanes;

/// <summary>The dispatcher's part of a host. If it dies, the host stops.</summary>
internal sealed class DispatcherService(Dispatcher dispatcher, BellListener bell, ILogger<DispatcherService> logger)
    : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var anyDeath = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
        await Task.WhenAll(WatchAsync(dispatcher.RunAsync, anyDeath), WatchAsync(bell.RunAsync, anyDeath));
    }

    private async Task WatchAsync(Func<CancellationToken, Task> loop, CancellationTokenSource anyDeath)
    {
        try
        {
            await Task.Run(() => loop(anyDeath.Token), anyDeath.Token);
        }
        catch (OperationCanceledException) when (anyDeath.IsCancellationRequested)
        {
        }
        catch (Exception defect)
        {
            IngestorLog.LoopDied(logger, defect);
            await anyDeath.CancelAsync();
            throw;
        }
    }
}
