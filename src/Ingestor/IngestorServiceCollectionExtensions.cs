using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Rag.Ingestor.Chunking;
using Rag.Ingestor.Documents;
using Rag.Ingestor.Extraction;
using Rag.Ingestor.Jobs;
using Rag.Internal.V1;
using Rag.Metadata;

namespace Rag.Ingestor;

/// <summary>Adds an ingestor to a host.</summary>
public static class IngestorServiceCollectionExtensions
{
    /// <summary>
    /// Adds the workers that turn queued files into documents; they start and stop with the host. The container has to
    /// hold an <see cref="IMetadataStore"/>. An <see cref="ITokenCounters"/> that it holds is used; otherwise
    /// tokenizers
    /// are loaded from <see cref="IngestorOptions.ModelsFolder"/>.
    /// </summary>
    /// <param name="services">The host's services.</param>
    /// <param name="options">How to work.</param>
    /// <param name="router">Makes the way to a router's document writer: a channel, or calls within the
    /// process.</param>
    /// <param name="alone">Whether no other process can work on this store: then it takes over at its start whatever is
    /// claimed.</param>
    /// <exception cref="ArgumentException">The options are not usable; the message lists every error.</exception>
    public static IServiceCollection AddIngestor(
        this IServiceCollection services, IngestorOptions options, Func<IServiceProvider, CallInvoker> router,
        bool alone = false)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(router);
        if (options.Validate() is { Count: > 0 } errors)
            throw new ArgumentException("Ingestor options: " + string.Join("; ", errors), nameof(options));
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<ITokenCounters>(new FolderTokenCounters(options.ModelsFolder));
        services.AddSingleton(options);
        services.AddSingleton<IngestorMetrics>();
        services.AddSingleton(new DocumentExtractor(options.Extraction));
        services.AddSingleton<ActiveJobs>();
        services.AddSingleton(provider => new DocumentWriter(
            new DocumentWriterService.DocumentWriterServiceClient(router(provider)), options,
            provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton(provider => new DocumentIndexer(
            provider.GetRequiredService<IMetadataStore>(), provider.GetRequiredService<DocumentWriter>(),
            provider.GetRequiredService<DocumentExtractor>(), provider.GetRequiredService<ITokenCounters>(), options,
            provider.GetRequiredService<IngestorMetrics>(), provider.GetRequiredService<ILogger<DocumentIndexer>>()));
        services.AddSingleton(new Solitude(alone));
        services.TryAddSingleton<IJobSource, StoreJobSource>();
        services.AddSingleton<JobRunner>();
        services.AddSingleton<LeaseKeeper>();
        services.AddSingleton<Housekeeper>();
        services.AddHostedService<IngestorService>();
        return services;
    }
}
