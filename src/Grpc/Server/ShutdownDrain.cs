using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Grpc.AspNetCore.Server;

/// <summary>
/// Ends calls in two steps: when the host is asked to stop, calls may go on; after the drain time the token fires,
/// so that streams without an end do not hold the process until it is killed. Thread-safe.
/// </summary>
internal sealed class ShutdownDrain : IDisposable
{
    private readonly CancellationTokenSource _source = new();
    private readonly CancellationTokenRegistration _registration;

    public ShutdownDrain(IOptions<GrpcServiceOptions> options, IHostApplicationLifetime? lifetime = null)
    {
        var drain = options.Value.ShutdownDrain;
        _registration = lifetime?.ApplicationStopping.Register(() => _source.CancelAfter(drain)) ?? default;
    }

    public CancellationToken Token => _source.Token;

    public void Dispose()
    {
        _registration.Dispose();
        _source.Dispose();
    }
}
