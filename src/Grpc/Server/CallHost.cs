using Microsoft.Extensions.Logging;

namespace Grpc.AspNetCore.Server;

/// <summary>What all calls of a server share: log, metrics and the end of serving. Thread-safe.</summary>
internal sealed class CallHost(ILoggerFactory loggers, GrpcServerMetrics metrics, ShutdownDrain drain)
{
    public ILogger Log { get; } = loggers.CreateLogger("Grpc.AspNetCore.Server");

    public GrpcServerMetrics Metrics => metrics;

    /// <summary>Fires when calls still going on after the drain time have to end.</summary>
    public CancellationToken Stopping => drain.Token;
}
