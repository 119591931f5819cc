using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;
using Rag.Ingestor;
using Rag.Ingestor.Chunking;
using Rag.Ingestor.Lanes;

namespace Rag.Cli.Composition;

/// <summary>Composes an ingestor, which counts tokens by whatever models lie on this machine.</summary>
internal static class IngestorParts
{
    /// <param name="router">The way to the router's document writer.</param>
    /// <param name="alone">Whether no other process has the metadata open.</param>
    /// <param name="lanes">Whether jobs come over NATS, which the host has a connection to.</param>
    public static void Add(
        ProcessHost host, Settings settings, Func<IServiceProvider, CallInvoker> router, bool alone = false,
        bool lanes = false)
    {
        host.Builder.Services.AddSingleton<ITokenCounters>(new CatalogTokenCounters(ModelFolders.All));
        host.Builder.Services.AddIngestor(settings.Get("Ingestor", new IngestorOptions()), router, alone);
        if (lanes)
            host.Builder.Services.AddJobLanes();
    }
}
