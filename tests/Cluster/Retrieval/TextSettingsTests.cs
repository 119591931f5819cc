using Grpc.Core;
using Rag.V1;

namespace Rag.Cluster.Tests.Retrieval;

/// <summary>How words are made and scored, as a workspace and a search say.</summary>
public sealed class TextSettingsTests
{
    [Fact]
    public async Task Endings_stay_and_headings_count_as_the_workspace_says()
    {
        await using var cluster = await SearchCluster.StartAsync(shards: 2);
        foreach (var (name, text) in new[]
        {
            ("english", null), ("plain", new TextSettings { Language = TextLanguage.None }), ("headed", new TextSettings { HeadingBoost = 5 }),
        })
        {
            var made = await cluster.Workspaces.CreateWorkspaceAsync(new CreateWorkspaceRequest
            {
                Workspace = new Workspace { Name = name, Spread = 4, Spaces = { SampleChunks.Space }, Text = text },
            });
            made.Workspace.Text.Language.ShouldBe(name == "plain" ? TextLanguage.None : TextLanguage.English);
            made.Workspace.Text.HeadingBoost.ShouldBe(name == "headed" ? 5 : 1);
            await cluster.UpsertAsync(name, [ChunkOf("runs", "it runs well", ""), ChunkOf("running", "running water", ""),
                ChunkOf("head", "some text about it", "granite"), ChunkOf("body", "granite granite and text", "")]);
        }

        (await FindAsync(cluster, "english", "running")).ShouldBe(["running", "runs"], ignoreOrder: true);
        (await FindAsync(cluster, "plain", "running")).ShouldBe(["running"]);
        (await FindAsync(cluster, "english", "granite")).First().ShouldBe("body");
        (await FindAsync(cluster, "headed", "granite")).First().ShouldBe("head");
        (await cluster.Workspaces.GetWorkspaceStatisticsAsync(new GetWorkspaceStatisticsRequest { Workspace = "english" })).TextIndexBytes.ShouldBeGreaterThan(0);
    }

    [Fact]
    public async Task Parameters_of_a_search_change_its_scores_as_the_formula_says()
    {
        await using var cluster = await SearchCluster.StartAsync(shards: 2);
        await cluster.CreateAsync("docs", 4, SampleChunks.Space);
        await cluster.UpsertAsync("docs", [ChunkOf("short", "stone", ""), ChunkOf("long", "stone stone stone wall wall wall wall wall", "")]);
        var request = new SearchRequest { Workspace = "docs", Text = "stone", Mode = SearchMode.Sparse };
        foreach (var (k1, b) in new[] { (1.2f, 0.75f), (0f, 0.5f), (2f, 0f), (0.9f, 1f) })
        {
            request.Bm25 = new Bm25 { K1 = k1, B = b };
            var hits = (await cluster.SearchAsync(request)).ToDictionary(hit => hit.ChunkId, hit => hit.Score);
            var idf = Math.Log(1 + 0.5 / 2.5);
            hits["short"].ShouldBe((float)Score(1, 1), 1e-4f);
            hits["long"].ShouldBe((float)Score(3, 8), 1e-4f);

            double Score(double count, double length) => idf * count * (k1 + 1) / (count + k1 * (1 - b + b * length / 4.5));
        }
    }

    [Fact]
    public async Task What_makes_no_sense_is_refused_and_settings_of_texts_are_fixed()
    {
        await using var cluster = await SearchCluster.StartAsync(shards: 1);
        foreach (var text in new[] { new TextSettings { Language = (TextLanguage)7 }, new TextSettings { HeadingBoost = 11 } })
        {
            var create = new CreateWorkspaceRequest { Workspace = new Workspace { Name = "w", Spaces = { SampleChunks.Space }, Text = text } };
            (await Should.ThrowAsync<RpcException>(async () => await cluster.Workspaces.CreateWorkspaceAsync(create))).StatusCode.ShouldBe(StatusCode.InvalidArgument);
        }

        await cluster.CreateAsync("w", 1, SampleChunks.Space);
        var update = new UpdateWorkspaceRequest { Workspace = new Workspace { Name = "w" }, UpdateMask = new Google.Protobuf.WellKnownTypes.FieldMask { Paths = { "text" } } };
        (await Should.ThrowAsync<RpcException>(async () => await cluster.Workspaces.UpdateWorkspaceAsync(update))).StatusCode.ShouldBe(StatusCode.InvalidArgument);
    }

    private static async Task<List<string>> FindAsync(SearchCluster cluster, string workspace, string text) =>
        [.. (await cluster.SearchAsync(new SearchRequest { Workspace = workspace, Text = text, Mode = SearchMode.Sparse })).Select(hit => hit.ChunkId)];

    private static Chunk ChunkOf(string id, string text, string heading)
    {
        var chunk = new Chunk { ChunkId = id, Text = text, Vectors = { [""] = SampleChunks.VectorOf([0, 0, 0, 1]) } };
        if (heading.Length > 0)
            chunk.Passage = new Passage { HeadingPath = { heading } };
        return chunk;
    }
}
