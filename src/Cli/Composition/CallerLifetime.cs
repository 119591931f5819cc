using Microsoft.Extensions.Hosting;

namespace Rag.Cli.Composition;

/// <summary>Leaves signals to <see cref="StopSignal"/>: the verb decides when its host stops.</summary>
internal sealed class CallerLifetime : IHostLifetime
{
    public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
