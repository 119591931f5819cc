using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using NATS.Client.Core;

namespace Rag.Hosting.Messaging;

/// <summary>Adds NATS to a host.</summary>
public static class NatsServiceCollectionExtensions
{
    /// <summary>
    /// Adds <see cref="NatsOptions"/> and the one <see cref="INatsConnection"/> that a process has. It connects at its
    /// first use, in the background, and again whenever it is lost; until then calls wait, and the log says why.
    /// </summary>
    /// <returns>The connection, for what is opened before the container is built. The caller disposes it, last of all.</returns>
    /// <exception cref="ArgumentException">The options are not usable; the message lists every error.</exception>
    public static INatsConnection AddNats(this IServiceCollection services, NatsOptions options, ILoggerFactory loggers)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (!options.IsSet)
            throw new ArgumentException("Nats.Urls names no server.", nameof(options));
        if (options.Validate() is { Count: > 0 } errors)
            throw new ArgumentException("Nats options: " + string.Join("; ", errors) + ".", nameof(options));
        var connection = new NatsConnection(new NatsOpts
        {
            Url = string.Join(',', options.Servers),
            Name = $"rag {Environment.MachineName}:{Environment.ProcessId}",
            AuthOpts = new NatsAuthOpts
            {
                Username = options.User,
                Password = options.Password,
                Token = options.Token,
                CredsFile = options.CredsFile,
                NKeyFile = options.NKeyFile,
            },
            TlsOpts = new NatsTlsOpts
            {
                Mode = options.Tls.Mode,
                CaFile = options.Tls.CaFile,
                CertFile = options.Tls.CertFile,
                KeyFile = options.Tls.KeyFile,
            },
            ConnectTimeout = options.ConnectTimeout,
            RequestTimeout = options.RequestTimeout,
            PingInterval = options.PingInterval,
            MaxPingOut = 2,
            // A server that dies is one of several: look for the next at once, and leave the others' elections time.
            ReconnectWaitMin = TimeSpan.FromMilliseconds(100),
            ReconnectWaitMax = TimeSpan.FromSeconds(2),
            RetryOnInitialConnect = true,
            IgnoreAuthErrorAbort = true,
            LoggerFactory = loggers,
        });
        services.AddSingleton(options);
        services.AddSingleton<INatsConnection>(connection);
        return connection;
    }
}
