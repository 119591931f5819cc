using Grpc.HealthCheck;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using ServingStatus = Grpc.Health.V1.HealthCheckResponse.Types.ServingStatus;

namespace Grpc.AspNetCore.HealthChecks;

/// <summary>
/// Tells gRPC's health service what the host's health checks found: the sum of them under the empty name, each one
/// under its own. Thread-safe.
/// </summary>
internal sealed class HealthCheckStatusPublisher(HealthServiceImpl health) : IHealthCheckPublisher
{
    public Task PublishAsync(HealthReport report, CancellationToken cancellationToken)
    {
        health.SetStatus("", StatusOf(report.Status));
        foreach (var (name, entry) in report.Entries)
            health.SetStatus(name, StatusOf(entry.Status));
        return Task.CompletedTask;
    }

    private static ServingStatus StatusOf(HealthStatus status) =>
        status == HealthStatus.Unhealthy ? ServingStatus.NotServing : ServingStatus.Serving;
}
