using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;
using Rag.Router.Tests.Fakes;
using Rag.Router.Workspaces;
using Rag.V1;

namespace Rag.Router.Tests.Workspaces;

public sealed class WorkspaceLifecycleTests
{
    [Fact]
    public async Task A_new_workspace_has_every_default_filled_in_and_is_on_every_shard()
    {
        await using var fixture = await RouterFixture.StartAsync(shards: 3);
        var workspace = await fixture.CreateAsync(spread: 4);
        workspace.State.ShouldBe(WorkspaceState.Active);
        workspace.Version.ShouldBe(1);
        workspace.Partitions.ShouldBe(Rag.Hosting.Topology.Placement.PartitionsOf("docs", 4, 16));
        var space = workspace.Spaces.ShouldHaveSingleItem();
        (space.Name, space.Model, space.Dimension, space.Metric, space.Quantization)
            .ShouldBe(("", "tiny", 4, Metric.Cosine, Quantization.Int8));
        workspace.Embedding.Ingest.ShouldBe(EmbeddingIngest.FastThenRefine);
        workspace.Chunking.ShouldBe(new ChunkingSettings { TargetTokens = 200, MaxTokens = 254, OverlapTokens = 30 });
        fixture.Shards.Sum(shard => shard.VersionsOf(Guid.Parse(workspace.Uid)).Count).ShouldBe(4);
        var got = await fixture.Workspaces.GetWorkspaceAsync(new GetWorkspaceRequest { Workspace = "docs" });
        got.Workspace.ShouldBe(workspace);
    }

    [Fact]
    public async Task A_creation_repeated_with_its_request_id_returns_what_the_first_one_made()
    {
        await using var fixture = await RouterFixture.StartAsync();
        var request = new CreateWorkspaceRequest
        {
            Workspace = new Workspace { Name = "docs" },
            RequestId = Guid.NewGuid().ToString(),
        };
        var first = await fixture.Workspaces.CreateWorkspaceAsync(request);
        var again = await fixture.Workspaces.CreateWorkspaceAsync(request);
        again.ShouldBe(first);
        request = request.Clone();
        request.Workspace.Name = "others";
        var error = await RouterFixture.FailureAsync(fixture.Workspaces.CreateWorkspaceAsync(request));
        error.StatusCode.ShouldBe(StatusCode.InvalidArgument);
        RouterFixture.FieldsOf(error).ShouldBe(["request_id"]);
        (await RouterFixture.FailureAsync(fixture.Workspaces.CreateWorkspaceAsync(
            new CreateWorkspaceRequest { Workspace = new Workspace { Name = "docs" } })))
            .StatusCode.ShouldBe(StatusCode.AlreadyExists);
    }

    [Fact]
    public async Task A_creation_that_stopped_half_way_is_finished_by_the_sweeper()
    {
        await using var fixture = await RouterFixture.StartAsync(shards: 2);
        Break(fixture.Shards[1]);
        var error = await RouterFixture.FailureAsync(fixture.Workspaces.CreateWorkspaceAsync(
            new CreateWorkspaceRequest { Workspace = new Workspace { Name = "docs", Spread = 4 } }));
        error.StatusCode.ShouldBe(StatusCode.Unavailable);
        (await fixture.Workspaces.GetWorkspaceAsync(new GetWorkspaceRequest { Workspace = "docs" }))
            .Workspace.State.ShouldBe(WorkspaceState.Creating);
        var notYet = await RouterFixture.FailureAsync(
            fixture.Search.SearchAsync(new SearchRequest { Workspace = "docs", Text = "text" }));
        notYet.StatusCode.ShouldBe(StatusCode.Unavailable);
        RouterFixture.RetryDelayOf(notYet).ShouldNotBeNull();

        (await SweepAsync(fixture)).ShouldBe(0);
        Mend(fixture.Shards[1]);
        (await SweepAsync(fixture)).ShouldBe(1);
        (await SweepAsync(fixture)).ShouldBe(0);
        (await fixture.Search.SearchAsync(new SearchRequest { Workspace = "docs", Text = "text" })).Hits.ShouldBeEmpty();
    }

    [Fact]
    public async Task The_same_creation_again_finishes_what_the_first_one_left()
    {
        await using var fixture = await RouterFixture.StartAsync();
        Break(fixture.Shards[0]);
        var request = new CreateWorkspaceRequest
        {
            Workspace = new Workspace { Name = "docs" },
            RequestId = Guid.CreateVersion7().ToString(),
        };
        await RouterFixture.FailureAsync(fixture.Workspaces.CreateWorkspaceAsync(request));
        Mend(fixture.Shards[0]);
        (await fixture.Workspaces.CreateWorkspaceAsync(request)).Workspace.State.ShouldBe(WorkspaceState.Active);
    }

    [Fact]
    public async Task Settings_that_no_shard_would_take_are_refused_before_anything_is_recorded()
    {
        await using var fixture = await RouterFixture.StartAsync();
        await fixture.CreateAsync();
        var large = new Workspace { Name = "large" };
        for (var i = 0; i < 64; i++)
            large.Labels.Add($"key {i}", new string('x', 1024));
        var error = await RouterFixture.FailureAsync(fixture.Workspaces.CreateWorkspaceAsync(
            new CreateWorkspaceRequest { Workspace = large }));
        error.StatusCode.ShouldBe(StatusCode.InvalidArgument);
        RouterFixture.FieldsOf(error).ShouldBe(["workspace.labels"]);
        var update = Fast("docs");
        update.UpdateMask.Paths.Add("labels");
        update.Workspace.Labels.Add(large.Labels);
        (await RouterFixture.FailureAsync(fixture.Workspaces.UpdateWorkspaceAsync(update)))
            .StatusCode.ShouldBe(StatusCode.InvalidArgument);
        (await fixture.Workspaces.ListWorkspacesAsync(new ListWorkspacesRequest()))
            .Workspaces.Single().Version.ShouldBe(1);
    }

    [Fact]
    public async Task A_creation_that_a_shard_refuses_for_good_can_be_deleted()
    {
        await using var fixture = await RouterFixture.StartAsync();
        fixture.Shards[0].Before = (method, message, _) =>
            message is Rag.Internal.V1.PutSettingsRequest { Settings.State: WorkspaceState.Active }
                ? Task.FromException(new RpcException(new Status(StatusCode.InvalidArgument, "Too many spaces.")))
                : Task.CompletedTask;
        (await RouterFixture.FailureAsync(fixture.Workspaces.CreateWorkspaceAsync(
            new CreateWorkspaceRequest { Workspace = new Workspace { Name = "docs" } })))
            .StatusCode.ShouldBe(StatusCode.InvalidArgument);
        await fixture.Workspaces.DeleteWorkspaceAsync(new DeleteWorkspaceRequest { Workspace = "docs" });
        Mend(fixture.Shards[0]);
        (await fixture.CreateAsync()).State.ShouldBe(WorkspaceState.Active);
    }

    [Fact]
    public async Task A_change_that_stopped_half_way_is_finished_by_the_sweeper()
    {
        await using var fixture = await RouterFixture.StartAsync(shards: 2);
        var workspace = await fixture.CreateAsync(spread: 2);
        Break(fixture.Shards[1]);
        await RouterFixture.FailureAsync(fixture.Workspaces.UpdateWorkspaceAsync(Fast("docs")));
        Mend(fixture.Shards[1]);
        (await SweepAsync(fixture)).ShouldBe(1);
        foreach (var shard in fixture.Shards)
            shard.VersionsOf(Guid.Parse(workspace.Uid)).Values.ShouldAllBe(version => version == 2);
    }

    [Fact]
    public async Task A_deletion_that_stopped_half_way_erases_everything_in_the_end()
    {
        await using var fixture = await RouterFixture.StartAsync(shards: 2);
        var workspace = await fixture.CreateAsync(spread: 4);
        var uid = Guid.Parse(workspace.Uid);
        await fixture.UpsertAsync("docs", Enumerable.Range(0, 20).Select(i => ($"d{i}", "c", "text")));
        var job = (await fixture.Ingest.SubmitTextAsync(Text("docs", "note", "hello"))).Job;
        Break(fixture.Shards[1]);
        (await RouterFixture.FailureAsync(fixture.Workspaces.DeleteWorkspaceAsync(
            new DeleteWorkspaceRequest { Workspace = "docs" }))).StatusCode.ShouldBe(StatusCode.Unavailable);

        // Nothing finds it any more, and its name is not free yet.
        (await RouterFixture.FailureAsync(fixture.Search.SearchAsync(
            new SearchRequest { Workspace = "docs", Text = "text" }))).StatusCode.ShouldBe(StatusCode.FailedPrecondition);
        (await RouterFixture.FailureAsync(fixture.Workspaces.CreateWorkspaceAsync(
            new CreateWorkspaceRequest { Workspace = new Workspace { Name = "docs" } })))
            .StatusCode.ShouldBe(StatusCode.AlreadyExists);
        (await fixture.Metadata.Jobs.ClaimAsync("worker", 1, TimeSpan.FromSeconds(9), default)).ShouldBeEmpty();

        Mend(fixture.Shards[1]);
        (await SweepAsync(fixture)).ShouldBe(1);
        fixture.Shards.Sum(shard => shard.CountOf(uid)).ShouldBe(0);
        (await fixture.Metadata.Jobs.FindAsync(uid, Guid.Parse(job.JobId), default)).ShouldBeNull();
        (await fixture.Metadata.Blobs.OpenReadAsync(Guid.Parse(job.JobId), default)).ShouldBeNull();
        (await RouterFixture.FailureAsync(fixture.Workspaces.GetWorkspaceAsync(
            new GetWorkspaceRequest { Workspace = "docs" }))).StatusCode.ShouldBe(StatusCode.NotFound);
        (await fixture.CreateAsync()).Uid.ShouldNotBe(workspace.Uid);
    }

    [Fact]
    public async Task The_sweepers_own_loop_finishes_what_it_finds()
    {
        await using var fixture = await RouterFixture.StartAsync();
        Break(fixture.Shards[0]);
        await RouterFixture.FailureAsync(fixture.Workspaces.CreateWorkspaceAsync(
            new CreateWorkspaceRequest { Workspace = new Workspace { Name = "docs" } }));
        var router = fixture.AddRouter(new RouterOptions { SweepInterval = TimeSpan.FromMilliseconds(20) });
        var sweeper = router.Provider.GetRequiredService<WorkspaceSweeper>();
        await sweeper.StartAsync(default);
        Mend(fixture.Shards[0]);
        await Testing.Eventually.HoldsAsync(async () => (await fixture.Workspaces.GetWorkspaceAsync(
            new GetWorkspaceRequest { Workspace = "docs" })).Workspace.State == WorkspaceState.Active, "it is active");
        await sweeper.StopAsync(default);
    }

    [Fact]
    public async Task A_patch_changes_what_its_mask_names_and_versions_guard_it()
    {
        await using var fixture = await RouterFixture.StartAsync();
        await fixture.CreateAsync();
        var request = Fast("docs");
        request.IfVersion = 1;
        request.UpdateMask.Paths.Add("chunking.target_tokens");
        request.Workspace.Chunking = new ChunkingSettings { TargetTokens = 100, OverlapTokens = 7 };
        var updated = (await fixture.Workspaces.UpdateWorkspaceAsync(request)).Workspace;
        updated.Version.ShouldBe(2);
        updated.Embedding.Ingest.ShouldBe(EmbeddingIngest.Fast);
        updated.Chunking.ShouldBe(new ChunkingSettings { TargetTokens = 100, MaxTokens = 254, OverlapTokens = 30 });
        (await RouterFixture.FailureAsync(fixture.Workspaces.UpdateWorkspaceAsync(request)))
            .StatusCode.ShouldBe(StatusCode.Aborted);
        (await RouterFixture.FailureAsync(fixture.Workspaces.DeleteWorkspaceAsync(
            new DeleteWorkspaceRequest { Workspace = "docs", IfVersion = 1 }))).StatusCode.ShouldBe(StatusCode.Aborted);
        await fixture.Workspaces.DeleteWorkspaceAsync(new DeleteWorkspaceRequest { Workspace = "docs", IfVersion = 2 });
    }

    [Fact]
    public async Task Changes_by_many_at_once_all_take_effect()
    {
        await using var fixture = await RouterFixture.StartAsync();
        await fixture.CreateAsync();
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 8).Select(async _ =>
        {
            try
            {
                return (await fixture.Workspaces.UpdateWorkspaceAsync(Fast("docs"))).Workspace.Version;
            }
            catch (RpcException error) when (error.StatusCode == StatusCode.Aborted)
            {
                return 0;
            }
        }));
        var last = await fixture.Workspaces.GetWorkspaceAsync(new GetWorkspaceRequest { Workspace = "docs" });
        last.Workspace.Version.ShouldBe(1 + outcomes.Count(version => version > 0));
    }

    [Fact]
    public async Task Workspaces_are_listed_by_name_in_pages_and_a_foreign_cursor_is_refused()
    {
        await using var fixture = await RouterFixture.StartAsync();
        string[] names = ["a", "b", "é", "\uFFFD", "\U0001F600"];
        foreach (var name in names.Reverse())
            await fixture.CreateAsync(name);
        var seen = new List<string>();
        var token = "";
        do
        {
            var page = await fixture.Workspaces.ListWorkspacesAsync(
                new ListWorkspacesRequest { PageSize = 2, PageToken = token });
            page.Workspaces.Count.ShouldBeLessThanOrEqualTo(2);
            seen.AddRange(page.Workspaces.Select(workspace => workspace.Name));
            token = page.NextPageToken;
        }
        while (token.Length > 0);
        seen.ShouldBe(names);

        var foreign = (await fixture.Workspaces.ListWorkspacesAsync(new ListWorkspacesRequest { PageSize = 1 })).NextPageToken;
        (await RouterFixture.FailureAsync(fixture.Chunks.ListChunksAsync(
            new ListChunksRequest { Workspace = "a", PageToken = foreign }))).StatusCode.ShouldBe(StatusCode.InvalidArgument);
    }

    [Fact]
    public async Task Statistics_add_up_over_shards()
    {
        await using var fixture = await RouterFixture.StartAsync(shards: 3);
        await fixture.CreateAsync(spread: 8);
        await fixture.UpsertAsync("docs", Enumerable.Range(0, 30).Select(i => ($"d{i}", "c", "text")));
        var request = new UpsertChunksRequest { Workspace = "docs", Encoder = Encoder.Lookup };
        request.Chunks.Add(Enumerable.Range(0, 10).Select(i => RouterFixture.Write($"d{i}", "c2", "text")));
        await fixture.Chunks.UpsertChunksAsync(request);
        var statistics = await fixture.Workspaces.GetWorkspaceStatisticsAsync(
            new GetWorkspaceStatisticsRequest { Workspace = "docs" });
        statistics.Chunks.ShouldBe(40);
        statistics.Documents.ShouldBe(30);
        var space = statistics.Spaces.ShouldHaveSingleItem();
        space.Vectors.ShouldBe(40);
        space.Refined.ShouldBe(0.75);
        // What partitions measured counts by their vectors.
        space.MeasuredRecall.ShouldBe(0.9, 1e-9);
    }

    internal static SubmitTextRequest Text(string workspace, string documentId, string text) => new()
    {
        Source = new DocumentSource { Workspace = workspace, DocumentId = documentId },
        Text = text,
    };

    private static Task<int> SweepAsync(RouterFixture fixture) =>
        fixture.Services.GetRequiredService<WorkspaceSweeper>().SweepAsync(TimeSpan.Zero, default);

    private static void Break(FakeShard shard) => shard.Before = (method, _, _) =>
        method == "PutSettings" ? Task.FromException(Faults.Away()) : Task.CompletedTask;

    private static void Mend(FakeShard shard) => shard.Before = (_, _, _) => Task.CompletedTask;

    private static UpdateWorkspaceRequest Fast(string name)
    {
        var request = new UpdateWorkspaceRequest
        {
            Workspace = new Workspace
            {
                Name = name,
                Embedding = new EmbeddingSettings { Ingest = EmbeddingIngest.Fast },
            },
            UpdateMask = new FieldMask(),
        };
        request.UpdateMask.Paths.Add("embedding.ingest");
        return request;
    }
}
