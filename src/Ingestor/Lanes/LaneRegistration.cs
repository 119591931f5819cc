using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using NATS.Client.Core;
using Rag.Hosting.Messaging;
using Rag.Ingestor.Jobs;
using Rag.Metadata;

namespace Rag.Ingestor.Lanes;

/// <summary>Adds the cluster's job queue to a host with an ingestor.</summary>
public static class LaneRegistration
{
    /// <summary>
    /// Lets the ingestor take its jobs from lanes on NATS instead of the metadata store, and takes part in dispatching.
    /// The container has to hold an <see cref="INatsConnection"/> and <see cref="NatsOptions"/>.
    /// </summary>
    public static IServiceCollection AddJobLanes(this IServiceCollection services)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<JobLanes>();
        services.Replace(ServiceDescriptor.Singleton<IJobSource>(provider => new LaneJobSource(
            provider.GetRequiredService<IMetadataStore>(), provider.GetRequiredService<JobLanes>(),
            Listener(provider, JobSubjects.Filled), Bell(provider, JobSubjects.Bell),
            provider.GetRequiredService<INatsConnection>(), provider.GetRequiredService<IngestorOptions>(),
            provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<LaneJobSource>>())));
        services.AddSingleton<DispatcherLease>();
        services.AddHostedService(provider =>
        {
            var bell = Listener(provider, JobSubjects.Bell);
            var dispatcher = new Dispatcher(
                provider.GetRequiredService<IMetadataStore>(), provider.GetRequiredService<JobLanes>(),
                provider.GetRequiredService<DispatcherLease>(), bell, Bell(provider, JobSubjects.Filled),
                provider.GetRequiredService<IngestorOptions>(), provider.GetRequiredService<IngestorMetrics>(),
                provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<Dispatcher>>());
            return new DispatcherService(dispatcher, bell, provider.GetRequiredService<ILogger<DispatcherService>>());
        });
        return services;
    }

    private static Bell Bell(IServiceProvider provider, string subject) =>
        new(provider.GetRequiredService<INatsConnection>(), provider.GetRequiredService<NatsOptions>().Subject(subject));

    private static BellListener Listener(IServiceProvider provider, string subject) => new(
        provider.GetRequiredService<INatsConnection>(), provider.GetRequiredService<NatsOptions>().Subject(subject),
        provider.GetRequiredService<TimeProvider>());
}
