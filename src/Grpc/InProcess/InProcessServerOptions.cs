using Grpc.AspNetCore.Server;
using Microsoft.Extensions.Logging;

namespace Grpc.Net.InProcess;

/// <summary>How calls within the process are served.</summary>
public sealed class InProcessServerOptions
{
    /// <summary>Where services and interceptors come from; each call has a scope. Null: instances only.</summary>
    public IServiceProvider? Services { get; init; }

    /// <summary>Where failures are logged; null: nowhere.</summary>
    public ILoggerFactory? LoggerFactory { get; init; }

    /// <summary>What stands before every handler, outermost first.</summary>
    public InterceptorCollection Interceptors { get; init; } = [];

    /// <summary>Whether callers see the message of an unexpected exception; false by default.</summary>
    public bool EnableDetailedErrors { get; init; }

    /// <summary>Messages that a stream holds before its writer waits, 1–65,536; 16 by default.</summary>
    public int StreamCapacity { get; init; } = 16;

    /// <summary>
    /// Whether handlers start on the caller's thread instead of the thread pool; false by default. Saves a switch for
    /// handlers that soon finish or await, and makes the caller wait for those that compute first.
    /// </summary>
    public bool StartHandlersInline { get; init; }
}
