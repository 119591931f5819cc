using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Rag.Router.Health;
using Rag.Router.Tests.Fakes;

namespace Rag.Router.Tests.Health;

public sealed class ShardWatchTests
{
    [Fact]
    public async Task Health_is_that_of_the_shards()
    {
        await using var fixture = await RouterFixture.StartAsync(shards: 2);
        var watch = fixture.Services.GetRequiredService<ShardWatch>();
        (await watch.CheckHealthAsync(new HealthCheckContext())).Status.ShouldBe(HealthStatus.Healthy);

        fixture.Shards[0].WriteFault = "The disk is full.";
        await watch.LookAsync(default);
        (await CheckAsync(fixture)).Description!.ShouldContain("The disk is full.");
        fixture.Shards[0].WriteFault = "";
        fixture.Shards[1].Before = (_, _, _) => Task.FromException(Faults.Away());
        await watch.LookAsync(default);
        (await CheckAsync(fixture)).Status.ShouldBe(HealthStatus.Degraded);
        (await CheckAsync(fixture)).Description!.ShouldContain("shard-1");
        fixture.Shards[0].Before = (_, _, _) => Task.FromException(Faults.Away());
        await watch.LookAsync(default);
        (await CheckAsync(fixture)).Status.ShouldBe(HealthStatus.Unhealthy);

        foreach (var shard in fixture.Shards)
            shard.Before = (_, _, _) => Task.CompletedTask;
        await watch.LookAsync(default);
        (await CheckAsync(fixture)).Status.ShouldBe(HealthStatus.Healthy);
    }

    [Fact]
    public async Task Its_own_loop_notices_a_shard_that_goes_and_comes_back()
    {
        await using var fixture = await RouterFixture.StartAsync();
        var router = fixture.AddRouter(new RouterOptions { HealthInterval = TimeSpan.FromMilliseconds(100) });
        var watch = router.Provider.GetRequiredService<ShardWatch>();
        await watch.StartAsync(default);
        fixture.Shards[0].Before = (_, _, _) => Task.FromException(Faults.Away());
        await UntilAsync(HealthStatus.Unhealthy);
        fixture.Shards[0].Before = (_, _, _) => Task.CompletedTask;
        await UntilAsync(HealthStatus.Healthy);
        await watch.StopAsync(default);

        Task UntilAsync(HealthStatus status) => Testing.Eventually.HoldsAsync(
            async () => (await watch.CheckHealthAsync(new HealthCheckContext())).Status == status, status.ToString());
    }

    private static async Task<HealthReportEntry> CheckAsync(RouterFixture fixture)
    {
        var report = await fixture.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync();
        return report.Entries[RouterRegistration.HealthCheckName];
    }
}
