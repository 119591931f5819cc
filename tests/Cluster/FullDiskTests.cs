using Grpc.Core;
using Rag.Testing;

namespace Rag.Cluster.Tests;

/// <summary>A disk that runs below the reserve and is freed again.</summary>
public sealed class FullDiskTests
{
    private const long Margin = 1L << 30;

    [Fact]
    public async Task Writes_are_refused_on_a_full_disk_reads_go_on_and_room_brings_writes_back()
    {
        using var data = new TemporaryFolder();
        var free = new DriveInfo(data.Path).AvailableFreeSpace;
        Assert.SkipUnless(free > 3 * Margin, "needs 3 GiB of free disk");
        // The reserve lies 1 GiB below what is free now; a file of 2 GiB breaks into it.
        await File.WriteAllTextAsync(data.Combine("rag.json"),
            $$"""{ "Store": { "FreeSpaceReserveBytes": {{free - Margin}} } }""");
        await using var server = await ServerProcess.StartAsync("serve", FreePort.Next(), "--data", data.Path);
        var workspace = await TestWorkspace.CreateAsync(server.Channel, "disk");
        await workspace.UpsertAsync("before", "written while there was room");

        var filler = data.Combine("filler");
        using (File.OpenHandle(filler, FileMode.CreateNew, FileAccess.Write, preallocationSize: 2 * Margin))
        {
            var fault = await EventuallyRefusedAsync(workspace);
            fault.StatusCode.ShouldBe(StatusCode.ResourceExhausted);
            fault.Status.Detail.ShouldNotBeNullOrWhiteSpace();
            (await workspace.ReadAsync("before")).ShouldBe("written while there was room");
            (await workspace.CountBySearchAsync()).ShouldBeGreaterThanOrEqualTo(1);
        }

        File.Delete(filler);
        await Eventually.HoldsAsync(async () => await TryUpsertAsync(workspace, "after") is null, "writes come back");
        (await workspace.ReadAsync("after")).ShouldBe("probe");
    }

    // Free space may be looked at now and then rather than before every append.
    private static async Task<RpcException> EventuallyRefusedAsync(TestWorkspace workspace)
    {
        RpcException? fault = null;
        await Eventually.HoldsAsync(
            async () => (fault = await TryUpsertAsync(workspace, "probe")) is not null, "a write is refused");
        return fault!;
    }

    private static async Task<RpcException?> TryUpsertAsync(TestWorkspace workspace, string id)
    {
        try
        {
            await workspace.UpsertAsync(id, "probe");
            return null;
        }
        catch (RpcException fault)
        {
            return fault;
        }
    }
}
