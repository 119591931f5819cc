using Grpc.Core;
using Grpc.Health.V1;
using Microsoft.Extensions.Hosting;
using ServingStatus = Grpc.Health.V1.HealthCheckResponse.Types.ServingStatus;

namespace Grpc.HealthCheck;

/// <summary>
/// The health service. Statuses are set by whoever knows them; watchers learn of a change at once, and see only the
/// newest status if they are slower than the changes. When the host stops, everything turns NOT_SERVING and watches
/// end. Thread-safe.
/// </summary>
public sealed class HealthServiceImpl : Grpc.Health.V1.Health.HealthBase, IDisposable
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, ServingStatus> _statuses = new(StringComparer.Ordinal);
    private readonly CancellationTokenRegistration _stopping;
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _stopped;

    /// <summary>A service that knows no status yet.</summary>
    public HealthServiceImpl()
    {
    }

    /// <summary>A service that turns NOT_SERVING with its host.</summary>
    public HealthServiceImpl(IHostApplicationLifetime lifetime) =>
        _stopping = lifetime.ApplicationStopping.Register(Shutdown);

    /// <summary>
    /// Sets the status of a service; the empty name is the server as a whole. Ignored after the shutdown.
    /// </summary>
    public void SetStatus(string service, ServingStatus status)
    {
        ArgumentNullException.ThrowIfNull(service);
        lock (_gate)
        {
            if (_stopped)
                return;
            _statuses[service] = status;
        }

        Announce();
    }

    /// <summary>Forgets a service.</summary>
    public void ClearStatus(string service)
    {
        lock (_gate)
            _statuses.Remove(service);
        Announce();
    }

    /// <summary>Turns everything NOT_SERVING for good and ends all watches.</summary>
    public void Shutdown()
    {
        lock (_gate)
        {
            _stopped = true;
            foreach (var service in _statuses.Keys.ToArray())
                _statuses[service] = ServingStatus.NotServing;
        }

        Announce();
    }

    /// <inheritdoc/>
    public override Task<HealthCheckResponse> Check(HealthCheckRequest request, ServerCallContext context)
    {
        lock (_gate)
        {
            return _statuses.TryGetValue(request.Service, out var status)
                ? Task.FromResult(new HealthCheckResponse { Status = status })
                : throw new RpcException(new Status(StatusCode.NotFound, $"No such service: '{request.Service}'."));
        }
    }

    /// <inheritdoc/>
    public override async Task Watch(HealthCheckRequest request,
        IServerStreamWriter<HealthCheckResponse> responseStream, ServerCallContext context)
    {
        ServingStatus? told = null;
        while (true)
        {
            ServingStatus status;
            Task changed;
            bool last;
            lock (_gate)
            {
                status = _statuses.GetValueOrDefault(request.Service, ServingStatus.ServiceUnknown);
                changed = _changed.Task;
                last = _stopped;
            }

            if (status != told)
                await responseStream.WriteAsync(new HealthCheckResponse { Status = status });
            told = status;
            if (last)
                return;
            await changed.WaitAsync(context.CancellationToken);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _stopping.Dispose();

    private void Announce()
    {
        TaskCompletionSource changed;
        lock (_gate)
        {
            changed = _changed;
            _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        changed.SetResult();
    }
}
