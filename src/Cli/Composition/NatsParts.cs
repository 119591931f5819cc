using NATS.Client.Core;
using Rag.Hosting.Messaging;

namespace Rag.Cli.Composition;

/// <summary>Composes NATS where the options name servers: one connection for all that a process does with it.</summary>
internal static class NatsParts
{
    /// <returns>The connection, which closes after the application; null where no server is named.</returns>
    /// <exception cref="CliException">The options are not usable.</exception>
    public static INatsConnection? Add(ProcessHost host, Settings settings)
    {
        var options = settings.Get("Nats", new NatsOptions());
        if (!options.IsSet)
            return null;
        try
        {
            return host.Own(host.Builder.Services.AddNats(options, host.Loggers));
        }
        catch (ArgumentException unusable)
        {
            throw new CliException(unusable.Message);
        }
    }
}
