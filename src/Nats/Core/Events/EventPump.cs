using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace NATS.Client.Core.Events;

/// <summary>
/// Raises events one after the other on a task of their own, so that no handler holds up the reading. Bounded: where
/// handlers are slower than what happens, events of dropped messages are left out first.
/// </summary>
internal sealed class EventPump(ILogger logger) : IAsyncDisposable
{
    private const int Capacity = 1024;

    private static readonly TimeSpan StopWait = TimeSpan.FromSeconds(2);

    private readonly Channel<Func<ValueTask>> _queue =
        Channel.CreateBounded<Func<ValueTask>>(new BoundedChannelOptions(Capacity) { SingleReader = true });

    private Task? _running;
    private int _started;

    /// <summary>Raises an event soon. Minor ones only while half of the queue is free.</summary>
    public void Raise<TArgs>(AsyncEventHandler<TArgs>? handler, object sender, TArgs args, bool isMinor = false)
    {
        if (handler is null || (isMinor && _queue.Reader.Count > Capacity / 2))
            return;
        if (Interlocked.Exchange(ref _started, 1) == 0)
            _running = Task.Run(RunAsync);
        if (!_queue.Writer.TryWrite(() => handler(sender, args)))
            logger.EventLost(typeof(TArgs).Name);
    }

    public async ValueTask DisposeAsync()
    {
        _queue.Writer.TryComplete();
        try
        {
            // A handler may itself dispose the connection, and must not wait for itself for ever.
            if (_running is { } running)
                await running.WaitAsync(StopWait);
        }
        catch (TimeoutException)
        {
            logger.EventHandlerHangs();
        }
    }

    private async Task RunAsync()
    {
        await foreach (var raise in _queue.Reader.ReadAllAsync())
        {
            try
            {
                await raise();
            }
#pragma warning disable CA1031 // A handler may throw anything; the next event is raised all the same.
            catch (Exception e)
#pragma warning restore CA1031
            {
                logger.EventHandlerFailed(e);
            }
        }
    }
}
