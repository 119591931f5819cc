using Grpc.Core;
using Grpc.Health.V1;
using Grpc.HealthCheck;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Rag.Testing;
using ServingStatus = Grpc.Health.V1.HealthCheckResponse.Types.ServingStatus;

namespace Rag.Transport.Tests.Server;

public sealed class HealthTests : IAsyncLifetime
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(30);

    private EchoHost _host = null!;
    private Health.HealthClient _client = null!;
    private HealthServiceImpl _health = null!;

    public async ValueTask InitializeAsync()
    {
        _host = await EchoHost.OverHttpAsync(
            build: builder => builder.Services.AddGrpcHealthChecks(), map: app => app.MapGrpcHealthChecksService());
        _client = new Health.HealthClient(_host.Invoker);
        _health = _host.App.Services.GetRequiredService<HealthServiceImpl>();
    }

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Fact]
    public async Task Check_tells_the_status_that_was_set()
    {
        _health.SetStatus("a", ServingStatus.Serving);
        (await _client.CheckAsync(new HealthCheckRequest { Service = "a" })).Status.ShouldBe(ServingStatus.Serving);
        _health.SetStatus("a", ServingStatus.NotServing);
        (await _client.CheckAsync(new HealthCheckRequest { Service = "a" })).Status.ShouldBe(ServingStatus.NotServing);
        var e = await Should.ThrowAsync<RpcException>(
            _client.CheckAsync(new HealthCheckRequest { Service = "b" }).ResponseAsync);
        e.StatusCode.ShouldBe(StatusCode.NotFound);
    }

    [Fact]
    public async Task Watch_tells_every_change_and_ends_when_the_host_stops()
    {
        using var watch = _client.Watch(new HealthCheckRequest { Service = "late" });
        (await NextAsync(watch)).ShouldBe(ServingStatus.ServiceUnknown);
        _health.SetStatus("late", ServingStatus.Serving);
        (await NextAsync(watch)).ShouldBe(ServingStatus.Serving);
        _health.SetStatus("other", ServingStatus.Serving);
        _health.SetStatus("late", ServingStatus.NotServing);
        (await NextAsync(watch)).ShouldBe(ServingStatus.NotServing);
        _health.ClearStatus("late");
        (await NextAsync(watch)).ShouldBe(ServingStatus.ServiceUnknown);
        _health.SetStatus("late", ServingStatus.Serving);
        (await NextAsync(watch)).ShouldBe(ServingStatus.Serving);
        var stopping = _host.App.StopAsync();
        (await NextAsync(watch)).ShouldBe(ServingStatus.NotServing);
        (await watch.ResponseStream.MoveNext().WaitAsync(Soon)).ShouldBeFalse();
        await stopping.WaitAsync(Soon);
    }

    [Fact]
    public async Task The_hosts_own_health_checks_show()
    {
        var healthy = true;
        await using var host = await EchoHost.OverHttpAsync(
            build: builder =>
            {
                builder.Services.AddGrpcHealthChecks()
                    .AddCheck("disk", () => healthy ? HealthCheckResult.Healthy() : HealthCheckResult.Unhealthy());
                builder.Services.Configure<HealthCheckPublisherOptions>(options =>
                {
                    options.Delay = TimeSpan.Zero;
                    options.Period = TimeSpan.FromSeconds(1);
                });
            },
            map: app => app.MapGrpcHealthChecksService());
        var client = new Health.HealthClient(host.Invoker);
        using var watch = client.Watch(new HealthCheckRequest { Service = "disk" });
        await WaitForAsync(watch, ServingStatus.Serving);
        healthy = false;
        await WaitForAsync(watch, ServingStatus.NotServing);
        await Eventually.HoldsAsync(
            async () => (await client.CheckAsync(new HealthCheckRequest())).Status == ServingStatus.NotServing,
            "the whole to follow");
    }

    private static async Task WaitForAsync(AsyncServerStreamingCall<HealthCheckResponse> watch, ServingStatus status)
    {
        while (await NextAsync(watch) != status)
        {
        }
    }

    private static async Task<ServingStatus> NextAsync(AsyncServerStreamingCall<HealthCheckResponse> watch)
    {
        (await watch.ResponseStream.MoveNext().WaitAsync(Soon)).ShouldBeTrue();
        return watch.ResponseStream.Current.Status;
    }
}
