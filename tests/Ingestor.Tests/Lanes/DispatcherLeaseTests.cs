using NATS.Client.Core;
using NATS.Net;
using Rag.Hosting.Messaging;
using Rag.Ingestor.Lanes;

namespace Rag.Ingestor.Tests.Lanes;

public sealed class DispatcherLeaseTests(LaneServer shared) : IClassFixture<LaneServer>
{
    private static readonly TimeSpan LongerThanALease = TimeSpan.FromSeconds(4);

    [Fact]
    public async Task One_of_many_holds_it_until_it_is_silent_or_lets_go()
    {
        await using var connection = shared.Server.Connect();
        var time = new MovedTime();
        var nats = shared.NewCluster();
        var leases = Enumerable.Range(0, 8).Select(_ => new DispatcherLease(connection, nats, time)).ToArray();
        var first = await HolderAsync(leases);
        (await HolderAsync(leases)).ShouldBe(first);
        for (var i = 0; i < 5; i++)
        {
            time.Move(DispatcherLease.Tick);
            (await HolderAsync(leases)).ShouldBe(first);
        }

        // Silent: the others look on and take over, and it cannot go on.
        var others = leases.Where(lease => lease != first).ToArray();
        (await HoldersAsync(others)).ShouldBeEmpty();
        time.Move(LongerThanALease);
        var second = await HolderAsync(others);
        (await first.HoldAsync(default)).ShouldBeFalse();

        await second.ReleaseAsync(default);
        (await HolderAsync([.. leases.Where(lease => lease != second)])).ShouldNotBe(second);
    }

    [Fact]
    public async Task When_its_stream_is_lost_somebody_takes_it_anew()
    {
        await using var connection = shared.Server.Connect();
        var time = new MovedTime();
        var nats = shared.NewCluster();
        var leases = Enumerable.Range(0, 4).Select(_ => new DispatcherLease(connection, nats, time)).ToArray();
        await HolderAsync(leases);
        await connection.CreateJetStreamContext().DeleteStreamAsync(nats.Stream("job-dispatcher"));
        time.Move(LongerThanALease);
        // Who held it finds nobody to write to and has to look anew like the others.
        foreach (var lease in leases)
        {
            try
            {
                await lease.HoldAsync(default);
            }
            catch (NatsException)
            {
            }
        }

        time.Move(LongerThanALease);
        await HolderAsync(leases);
    }

    private static async Task<DispatcherLease> HolderAsync(DispatcherLease[] leases) =>
        (await HoldersAsync(leases)).ShouldHaveSingleItem();

    private static async Task<List<DispatcherLease>> HoldersAsync(DispatcherLease[] leases)
    {
        var held = await Task.WhenAll(leases.Select(lease => lease.HoldAsync(default)));
        return [.. leases.Where((_, i) => held[i])];
    }

    /// <summary>Time that stands still but for what a test moves it.</summary>
    private sealed class MovedTime : TimeProvider
    {
        private long _ticks = 1;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _ticks;

        public void Move(TimeSpan by) => _ticks += by.Ticks;
    }
}
