using Grpc.Core;
using Rag.Testing;
using Rag.V1;

namespace Rag.Cluster.Tests.Retrieval;

/// <summary>Lookup vectors that become full ones, and a workspace that moves to another model, with real models.</summary>
public sealed class RefinementTests : IDisposable
{
    private const string Other = "lookup-only";

    private static readonly string Models = Path.Combine(RepositoryRoot.Path, "models");

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public async Task A_new_workspace_is_searchable_at_once_and_refined_soon()
    {
        await using var cluster = await SearchCluster.StartAsync(shards: 2, Models);
        await cluster.CreateAsync("docs", spread: 2);
        var settings = (await cluster.Workspaces.GetWorkspaceAsync(new GetWorkspaceRequest { Workspace = "docs" })).Workspace;
        settings.Embedding.Ingest.ShouldBe(EmbeddingIngest.FastThenRefine);
        await cluster.UpsertAsync("docs", Chunks(24));
        var before = await cluster.SearchAsync(Question());
        before[0].DocumentId.ShouldBe("volcano");
        var waiting = await StatisticsAsync(cluster);
        waiting.Refinement.PendingChunks.ShouldBe(25);
        waiting.Spaces.Single().Refined.ShouldBe(0);

        await cluster.StartRefiningAsync();
        await Eventually.HoldsAsync(
            async () => (await StatisticsAsync(cluster)).Refinement.PendingChunks == 0, "everything is refined");

        (await StatisticsAsync(cluster)).Spaces.Single().Refined.ShouldBe(1);
        var after = await cluster.SearchAsync(Question());
        after[0].DocumentId.ShouldBe("volcano");
        after[0].Version.ShouldBe(before[0].Version);
        after[0].Score.ShouldNotBe(before[0].Score);
    }

    [Fact]
    public async Task A_workspace_moves_to_another_model_and_searches_never_notice()
    {
        CopyLookupModel();
        await using var cluster = await SearchCluster.StartAsync(shards: 2, Models, _folder.Path);
        await cluster.CreateAsync("docs", spread: 2);
        await cluster.UpsertAsync("docs", Chunks(24));
        var before = await cluster.SearchAsync(Question());
        var change = new ChangeModelRequest { Workspace = "docs", Model = Other };

        var begun = (await cluster.Workspaces.ChangeModelAsync(change)).Workspace;

        begun.ModelChange.Target.Model.ShouldBe(Other);
        begun.Spaces.Single().Model.ShouldNotBe(Other);
        (await FailureAsync(cluster.Workspaces.ChangeModelAsync(change))).ShouldBe(StatusCode.FailedPrecondition);
        (await FailureAsync(FinishAsync(cluster, ModelChangeAction.CutOver))).ShouldBe(StatusCode.FailedPrecondition);
        // What is written meanwhile gets both vectors; what is hidden is shown to nobody.
        await cluster.UpsertAsync("docs", [new Chunk { ChunkId = "glacier", Text = "Glaciers are slow rivers of ice." }]);
        var search = Question();
        search.ReturnFields = new ReturnFields { Vectors = { "" } };
        (await cluster.SearchAsync(search))[0].Vectors.Keys.ShouldBe([""]);
        (await StatisticsAsync(cluster)).Spaces.Count.ShouldBe(1);
        await cluster.StartRefiningAsync();
        await Eventually.HoldsAsync(async () => (await StatusAsync(cluster)).Complete, "all chunks are moved");
        var status = await StatusAsync(cluster);
        (status.Chunks, status.MovedChunks).ShouldBe((26, 26));
        status.Samples.ShouldBeGreaterThan(0);
        status.Overlap.ShouldBeInRange(0.2, 1);
        (await cluster.SearchAsync(Question()))[0].Version.ShouldBe(before[0].Version);

        var ended = (await FinishAsync(cluster, ModelChangeAction.CutOver).ResponseAsync).Workspace;

        ended.ModelChange.ShouldBeNull();
        ended.Spaces.Single().Model.ShouldBe(Other);
        var after = await cluster.SearchAsync(Question());
        after[0].DocumentId.ShouldBe("volcano");
        after[0].Version.ShouldBe(before[0].Version);
        await cluster.UpsertAsync("docs", [new Chunk { ChunkId = "lava", Text = "Molten rock from a volcano." }]);
        (await cluster.SearchAsync(Question())).Select(hit => hit.DocumentId).Take(2).Order().ShouldBe(["lava", "volcano"]);
        (await StatisticsAsync(cluster)).Spaces.Single().Name.ShouldBe("");
    }

    [Fact]
    public async Task A_move_is_rolled_back_and_leaves_nothing()
    {
        CopyLookupModel();
        await using var cluster = await SearchCluster.StartAsync(shards: 1, Models, _folder.Path);
        await cluster.CreateAsync("docs", spread: 1);
        await cluster.UpsertAsync("docs", Chunks(3));
        await cluster.Workspaces.ChangeModelAsync(new ChangeModelRequest { Workspace = "docs", Model = Other });

        var ended = (await FinishAsync(cluster, ModelChangeAction.RollBack).ResponseAsync).Workspace;

        ended.ModelChange.ShouldBeNull();
        ended.Spaces.Single().Model.ShouldNotBe(Other);
        (await cluster.SearchAsync(Question()))[0].DocumentId.ShouldBe("volcano");
        (await FailureAsync(cluster.Workspaces.GetModelChangeAsync(new GetModelChangeRequest { Workspace = "docs" })))
            .ShouldBe(StatusCode.NotFound);
        (await FailureAsync(FinishAsync(cluster, ModelChangeAction.RollBack))).ShouldBe(StatusCode.FailedPrecondition);
        (await FailureAsync(cluster.Workspaces.ChangeModelAsync(
            new ChangeModelRequest { Workspace = "docs", Model = "none/such" }))).ShouldBe(StatusCode.InvalidArgument);
        (await FailureAsync(cluster.Workspaces.ChangeModelAsync(
            new ChangeModelRequest { Workspace = "docs", Space = "other", Model = Other }))).ShouldBe(StatusCode.InvalidArgument);
    }

    public void Dispose() => _folder.Dispose();

    private static SearchRequest Question() => new()
    {
        Workspace = "docs", Text = "where does lava come from?", K = 5, Mode = SearchMode.Dense,
    };

    private static IEnumerable<Chunk> Chunks(int others) => Enumerable.Range(0, others)
        .Select(i => new Chunk { ChunkId = $"d{i}", Text = $"Invoice number {i} for office chairs and desks of type {i * 7}." })
        .Append(new Chunk { ChunkId = "volcano", Text = "A volcano erupts lava that rises from the mantle of the earth." });

    private static async Task<GetWorkspaceStatisticsResponse> StatisticsAsync(SearchCluster cluster) =>
        await cluster.Workspaces.GetWorkspaceStatisticsAsync(new GetWorkspaceStatisticsRequest { Workspace = "docs" });

    private static async Task<GetModelChangeResponse> StatusAsync(SearchCluster cluster) =>
        await cluster.Workspaces.GetModelChangeAsync(new GetModelChangeRequest { Workspace = "docs", Samples = 5 });

    private static AsyncUnaryCall<FinishModelChangeResponse> FinishAsync(SearchCluster cluster, ModelChangeAction action) =>
        cluster.Workspaces.FinishModelChangeAsync(new FinishModelChangeRequest { Workspace = "docs", Action = action });

    private static async Task<StatusCode> FailureAsync<T>(AsyncUnaryCall<T> call) =>
        (await Should.ThrowAsync<RpcException>(() => call.ResponseAsync)).StatusCode;

    // The default model without its transformer, under another name.
    private void CopyLookupModel()
    {
        var source = Path.Combine(Models, "all-MiniLM-L6-v2");
        foreach (var file in Directory.EnumerateFiles(source, "*", SearchOption.AllDirectories))
        {
            if (Path.GetExtension(file) == ".onnx")
                continue;
            var target = Path.Combine(_folder.Path, Other, Path.GetRelativePath(source, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.CreateSymbolicLink(target, file);
        }
    }
}
