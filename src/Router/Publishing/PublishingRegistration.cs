using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using NATS.Client.Core;
using Rag.Hosting.Messaging;
using Rag.Router.Ingest;

namespace Rag.Router.Publishing;

/// <summary>Adds what a router does with NATS about documents and jobs.</summary>
public static class PublishingRegistration
{
    /// <summary>
    /// Takes documents that callers publish, and wakes the dispatcher when a job is queued. The container has to hold a
    /// router, an <see cref="INatsConnection"/> and <see cref="NatsOptions"/>.
    /// </summary>
    /// <exception cref="ArgumentException">Options are out of range; the message lists every one that is.</exception>
    public static IServiceCollection AddPublishing(this IServiceCollection services, PublishingOptions options)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(options);
        if (options.Validate() is { Count: > 0 } errors)
            throw new ArgumentException("Publishing options: " + string.Join(" ", errors), nameof(options));
        services.AddSingleton(options);
        services.Replace(ServiceDescriptor.Singleton<IJobBell, NatsJobBell>());
        if (options.Enabled)
            services.AddHostedService<DocumentConsumer>();
        return services;
    }
}
