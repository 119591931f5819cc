using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;
using Rag.Ingestor;
using Rag.Ingestor.Chunking;

namespace Rag.Cli.Composition;

/// <summary>Composes an ingestor, which counts tokens by whatever models lie on this machine.</summary>
internal static class IngestorParts
{
    /// <param name="router">The way to the router's document writer.</param>
    public static void Add(ProcessHost host, Settings settings, Func<IServiceProvider, CallInvoker> router)
    {
        host.Builder.Services.AddSingleton<ITokenCounters>(new CatalogTokenCounters(ModelFolders.All));
        host.Builder.Services.AddIngestor(settings.Get("Ingestor", new IngestorOptions()), router);
    }
}
