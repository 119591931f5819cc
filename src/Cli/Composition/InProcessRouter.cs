using Grpc.Core;
using Grpc.Net.InProcess;
using Microsoft.Extensions.Logging;
using Rag.Router;

namespace Rag.Cli.Composition;

/// <summary>The router's services, public and internal, for callers in this process.</summary>
internal sealed class InProcessRouter(IServiceProvider services, ILoggerFactory loggers)
{
    public CallInvoker Invoker { get; } =
        new InProcessServer(new InProcessServerOptions { LoggerFactory = loggers }).BindRouter(services).CreateCallInvoker();
}
