using System.Text;
using Grpc.Core;
using Rag.Testing;

namespace Rag.Cluster.Tests;

/// <summary>
/// A server that was killed finds its mutation log damaged: the workspaces that the damage touches are refused with the
/// reason, all others are served, and what is served is whole.
/// </summary>
public sealed class DamageTests
{
    private const int Chunks = 20;

    public enum Damage
    {
        FlippedBit,
        ZeroedRecord,
        FlippedBitInTheLastRecord,
        CutOffLastRecord,
    }

    [Theory]
    [InlineData(Damage.FlippedBit)]
    [InlineData(Damage.ZeroedRecord)]
    [InlineData(Damage.FlippedBitInTheLastRecord)]
    [InlineData(Damage.CutOffLastRecord)]
    public async Task A_damaged_log_quarantines_what_it_touches_and_nothing_else(Damage damage)
    {
        using var data = new TemporaryFolder();
        await using (var server = await StartAsync(data))
        {
            var healthy = await TestWorkspace.CreateAsync(server.Channel, "healthy");
            var victim = await TestWorkspace.CreateAsync(server.Channel, "victim");
            for (var i = 0; i < Chunks; i++)
            {
                await healthy.UpsertAsync($"c{i}", $"healthy text {i}");
                await victim.UpsertAsync($"c{i}", $"victim marker {i:000}");
            }

            await server.KillAsync();
        }

        Apply(damage, data);

        await using (var server = await StartAsync(data))
        {
            var healthy = new TestWorkspace(server.Channel, "healthy");
            (await healthy.CountBySearchAsync()).ShouldBe(Chunks);
            (await healthy.ReadAsync("c7")).ShouldBe("healthy text 7");
            await healthy.UpsertAsync("new", "still writable");

            var victim = new TestWorkspace(server.Channel, "victim");
            var fault = await Should.ThrowAsync<RpcException>(() => victim.CountBySearchAsync());
            fault.StatusCode.ShouldBe(StatusCode.DataLoss);
            fault.Status.Detail.ShouldNotBeNullOrWhiteSpace();
            (await Should.ThrowAsync<RpcException>(() => victim.UpsertAsync("x", "y"))).StatusCode
                .ShouldBe(StatusCode.DataLoss);
        }
    }

    private static Task<ServerProcess> StartAsync(TemporaryFolder data) =>
        ServerProcess.StartAsync("serve", FreePort.Next(), "--data", data.Path);

    private static void Apply(Damage damage, TemporaryFolder data)
    {
        var log = Directory.GetFiles(data.Combine("shard", "mutations"), "mutations.*").Single();
        var bytes = File.ReadAllBytes(log);
        var last = damage is Damage.FlippedBitInTheLastRecord or Damage.CutOffLastRecord;
        var marker = Encoding.UTF8.GetBytes($"victim marker {(last ? Chunks - 1 : 5):000}");
        var at = bytes.AsSpan().IndexOf(marker);
        at.ShouldBeGreaterThan(0, "the record must be in the log for the test to mean something");
        switch (damage)
        {
            case Damage.ZeroedRecord:
                bytes.AsSpan(at, marker.Length).Clear();
                break;
            case Damage.CutOffLastRecord:
                bytes = bytes[..at];
                break;
            default:
                bytes[at + 3] ^= 0x10;
                break;
        }

        File.WriteAllBytes(log, bytes);
    }
}
