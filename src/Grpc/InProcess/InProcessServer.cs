using System.Collections.Frozen;
using Grpc.AspNetCore.Server;
using Grpc.Core;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Grpc.Net.InProcess;

/// <summary>
/// Serves calls from within the process, without sockets and without serialising. Services are bound as to a real
/// server, and clients cannot tell the difference but for the speed: deadlines, cancellation, metadata, status,
/// interceptors and back-pressure are the same. Messages are handed over as they are, so neither side changes a
/// message after it was sent or received; message size limits and compression do not apply. Thread-safe.
/// </summary>
public sealed class InProcessServer
{
    private readonly Lock _gate = new();
    private volatile FrozenDictionary<string, ServerMethod> _methods = FrozenDictionary<string, ServerMethod>.Empty;

    /// <summary>A server without services.</summary>
    public InProcessServer(InProcessServerOptions? options = null)
    {
        Options = options ?? new InProcessServerOptions();
        if (Options.StreamCapacity is < 1 or > 65_536)
            throw new ArgumentException("StreamCapacity must be 1–65,536.");
        Log = (Options.LoggerFactory ?? NullLoggerFactory.Instance).CreateLogger("Grpc.Net.InProcess");
    }

    internal InProcessServerOptions Options { get; }

    internal ILogger Log { get; }

    internal GrpcServerMetrics Metrics { get; } = InProcessMetrics.Shared;

    /// <summary>Serves one instance of a class that derives from a generated base class.</summary>
    public InProcessServer Bind(object service)
    {
        ArgumentNullException.ThrowIfNull(service);
        return Bind(service is ServerServiceDefinition definition
            ? ServiceMethodCollector.Collect(definition)
            : ServiceMethodCollector.Collect(service));
    }

    /// <summary>Serves a class whose instance each call takes from its services, or makes.</summary>
    public InProcessServer Bind<TService>()
        where TService : class => Bind(ServiceMethodCollector.Collect<TService>());

    /// <summary>Makes calls to the services bound now and later.</summary>
    public CallInvoker CreateCallInvoker() => new InProcessCallInvoker(this);

    internal ServerMethod<TRequest, TResponse>? Find<TRequest, TResponse>(IMethod method)
        where TRequest : class
        where TResponse : class =>
        _methods.TryGetValue(method.FullName, out var bound) && bound.Description.Type == method.Type
            ? bound as ServerMethod<TRequest, TResponse>
            : null;

    private InProcessServer Bind(IReadOnlyList<ServerMethod> methods)
    {
        lock (_gate)
        {
            var all = new Dictionary<string, ServerMethod>(_methods);
            foreach (var method in methods)
            {
                if (!all.TryAdd(method.Description.FullName, method.Intercept(Options.Interceptors)))
                    throw new ArgumentException($"{method.Description.FullName} is bound already.");
            }

            _methods = all.ToFrozenDictionary();
        }

        return this;
    }

    private static class InProcessMetrics
    {
        public static readonly GrpcServerMetrics Shared = new();
    }
}
