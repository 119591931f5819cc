using Microsoft.Extensions.DependencyInjection;
using Rag.Router.Tests.Fakes;
using Rag.Router.Workspaces;

namespace Rag.Router.Tests.Workspaces;

public sealed class WorkspaceDirectoryTests
{
    [Fact]
    public async Task A_known_workspace_is_the_same_object_until_it_changes()
    {
        await using var fixture = await RouterFixture.StartAsync(options: new RouterOptions { SettingsTtl = TimeSpan.Zero });
        await fixture.CreateAsync();
        var directory = fixture.Services.GetRequiredService<WorkspaceDirectory>();
        var first = await directory.LoadAsync("docs", default);
        (await directory.LoadAsync("docs", default)).ShouldBeSameAs(first);
        first.RouteUnder(fixture.Topology.Current).ShouldBeSameAs(first.RouteUnder(fixture.Topology.Current));
        fixture.Topology.Replace(fixture.Place(2, 16, _ => 0));
        first.RouteUnder(fixture.Topology.Current).Topology.Version.ShouldBe(2);
    }

    [Fact]
    public async Task A_lookup_of_a_fresh_entry_allocates_nothing()
    {
        await using var fixture = await RouterFixture.StartAsync(
            options: new RouterOptions { SettingsTtl = TimeSpan.FromHours(1) });
        await fixture.CreateAsync();
        var directory = fixture.Services.GetRequiredService<WorkspaceDirectory>();
        for (var i = 0; i < 100; i++)
            await directory.GetAsync("docs", default);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
        {
            var found = directory.GetAsync("docs", default);
            found.IsCompletedSuccessfully.ShouldBeTrue();
        }

        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBeLessThan(1000);
    }

    [Fact]
    public async Task No_more_workspaces_are_kept_than_may()
    {
        await using var fixture = await RouterFixture.StartAsync(options: new RouterOptions { MaxCachedWorkspaces = 4 });
        var directory = fixture.Services.GetRequiredService<WorkspaceDirectory>();
        for (var i = 0; i < 12; i++)
            await fixture.CreateAsync($"w{i}");
        for (var i = 0; i < 12; i++)
            (await directory.GetAsync($"w{i}", default)).Name.ShouldBe($"w{i}");
        directory.Count.ShouldBeLessThanOrEqualTo(4);
    }
}
