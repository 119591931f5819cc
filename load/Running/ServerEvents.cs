using Rag.Load.Scenarios;
using Rag.Load.Servers;

namespace Rag.Load.Running;

/// <summary>Does to a server of our own what a scenario says, while the load goes on.</summary>
internal static class ServerEvents
{
    public static async Task RunAsync(
        OwnServer server, IEnumerable<EventSpec> events, Action<string> progress, CancellationToken cancellationToken)
    {
        var began = DateTime.UtcNow;
        try
        {
            foreach (var one in events.OrderBy(one => one.AtSeconds))
            {
                var wait = began + TimeSpan.FromSeconds(one.AtSeconds) - DateTime.UtcNow;
                if (wait > TimeSpan.Zero)
                    await Task.Delay(wait, cancellationToken);
                progress($"server: {one.Action.ToString().ToLowerInvariant()}");
                if (one.Action == EventAction.Kill)
                    await server.KillAsync();
                if (one.Action == EventAction.Restart)
                    await server.StopAsync();
                if (one.Action != EventAction.Kill)
                    await server.StartAsync(cancellationToken);
            }
        }
        catch (OperationCanceledException)
        {
            // The load has ended before.
        }
    }
}
