using Google.Protobuf;
using Grpc.Core;
using Rag.Internal.V1;
using Rag.Shard.Errors;
using Rag.V1;

namespace Rag.Shard.Tests;

public sealed class ShardServiceTests
{
    [Fact]
    public async Task What_is_written_is_found_with_its_passage_and_a_version()
    {
        await using var shard = await ShardFixture.StartAsync();
        var written = await shard.UpsertAsync(ShardFixture.First, "a", [1, 0, 0], "text of a");
        written.Results.Single().Version.ShouldBeGreaterThan(0);

        var hit = (await shard.SearchAsync(5, ShardFixture.First)).Hits.Single();
        hit.ChunkId.ShouldBe("a");
        hit.DocumentId.ShouldBe("a");
        hit.Text.ShouldBe("text of a");
        hit.Score.ShouldBe(-1);
        hit.Version.ShouldBe(written.Results.Single().Version);
        hit.Passage.HeadingPath.ShouldBe(["Guide", "Install"]);
    }

    [Fact]
    public async Task Partitions_of_one_request_are_merged_by_score_and_then_by_key()
    {
        await using var shard = await ShardFixture.StartAsync();
        await shard.UpsertAsync(ShardFixture.First, "b", [1, 0, 0]);
        await shard.UpsertAsync(ShardFixture.Second, "a", [0, 1, 0]);
        await shard.UpsertAsync(ShardFixture.Second, "near", [0, 0, .5f]);
        await shard.UpsertAsync(ShardFixture.First, "far", [3, 0, 0]);

        var answer = await shard.SearchAsync(3, ShardFixture.First, ShardFixture.Second);
        answer.Hits.Select(hit => hit.ChunkId).ShouldBe(["near", "a", "b"]);
        answer.Stamps.Select(stamp => stamp.Partition).ShouldBe([ShardFixture.First, ShardFixture.Second]);
    }

    [Fact]
    public async Task Words_weigh_what_they_weigh_in_all_partitions_named_or_as_the_caller_says()
    {
        await using var shard = await ShardFixture.StartAsync();
        for (var i = 0; i < 20; i++)
            await shard.UpsertAsync(i % 5 == 0 ? ShardFixture.First : ShardFixture.Second, $"{i:00}", [1, 0, 0], i == 5 ? "granite wall" : "stone wall");
        int[] both = [ShardFixture.First, ShardFixture.Second];
        var found = await SearchWordsAsync(shard, "granite stone", SearchMode.Sparse, null, both);
        found.Hits.Count.ShouldBe(10);
        found.Hits[0].ChunkId.ShouldBe("05");
        found.Hits[0].Text.ShouldBe("granite wall");
        found.Encoder.ShouldBe(Encoder.Unspecified);
        // The headings over a passage are words of it too.
        (await SearchWordsAsync(shard, "installing", SearchMode.Sparse, null, both)).Hits.Count.ShouldBe(10);

        var parts = new List<SearchHit>();
        var weights = new TextStatistics();
        foreach (var partition in both)
        {
            var part = (await shard.Client.GetTextStatisticsAsync(new GetTextStatisticsRequest
            {
                Target = shard.Target(1, partition), Text = "granite stone",
            })).Statistics;
            weights.Documents += part.Documents;
            weights.TotalLength += part.TotalLength;
            weights.DocumentCounts.AddRange(weights.DocumentCounts.Count == 0 ? part.DocumentCounts : []);
            if (partition == ShardFixture.Second)
                (weights.DocumentCounts[0], weights.DocumentCounts[1]) = (weights.DocumentCounts[0] + part.DocumentCounts[0], weights.DocumentCounts[1] + part.DocumentCounts[1]);
        }

        weights.DocumentCounts.ShouldBe([1, 19]);
        foreach (var partition in both)
            parts.AddRange((await SearchWordsAsync(shard, "granite stone", SearchMode.Sparse, weights, partition)).Hits);
        parts.OrderByDescending(hit => hit.Score).ThenBy(hit => hit.ChunkId).Take(10).ShouldBe(found.Hits);
    }

    [Fact]
    public async Task A_hybrid_search_answers_with_both_lists()
    {
        await using var shard = await ShardFixture.StartAsync();
        await shard.UpsertAsync(ShardFixture.First, "near", [0, 0, 0.1f], "wall");
        await shard.UpsertAsync(ShardFixture.Second, "far", [1, 1, 1], "granite");
        var found = await SearchWordsAsync(shard, "granite", SearchMode.Hybrid, null, ShardFixture.First, ShardFixture.Second);
        found.Hits.Select(hit => hit.ChunkId).ShouldBe(["near", "far"]);
        found.TextHits.Select(hit => hit.ChunkId).ShouldBe(["far"]);
        found.Stamps.Count.ShouldBe(2);
        var other = new TextStatistics { Documents = 1, DocumentCounts = { 1, 1, 1 } };
        var refused = await Should.ThrowAsync<RpcException>(() => SearchWordsAsync(shard, "granite", SearchMode.Sparse, other, ShardFixture.First));
        refused.StatusCode.ShouldBe(StatusCode.InvalidArgument);
    }

    [Fact]
    public async Task A_document_is_replaced_in_one_step()
    {
        await using var shard = await ShardFixture.StartAsync();
        await CommitAsync(shard, "doc", ["old-1", "old-2"]);
        var generation = ShardFixture.NewId();
        await StageAsync(shard, "doc", generation, ["new-1"]);
        (await shard.SearchAsync(9, ShardFixture.First)).Hits.Select(hit => hit.ChunkId).ShouldBe(["old-1", "old-2"]);

        var incomplete = await Should.ThrowAsync<RpcException>(() => CommitAsync(shard, "doc", generation, expected: 2));
        incomplete.StatusCode.ShouldBe(StatusCode.FailedPrecondition);
        await CommitAsync(shard, "doc", generation, expected: 1);
        (await shard.SearchAsync(9, ShardFixture.First)).Hits.Select(hit => hit.ChunkId).ShouldBe(["new-1"]);
    }

    [Fact]
    public async Task Stale_settings_and_partitions_of_others_are_refused_with_the_reason()
    {
        await using var shard = await ShardFixture.StartAsync();
        var stale = await FaultAsync(shard, shard.Target(2, ShardFixture.First));
        stale.StatusCode.ShouldBe(StatusCode.FailedPrecondition);
        stale.Trailers.GetValue(ShardStatus.ReasonTrailer).ShouldBe(ShardStatus.StaleSettings);

        var foreign = await FaultAsync(shard, shard.Target(1, 200));
        foreign.Trailers.GetValue(ShardStatus.ReasonTrailer).ShouldBe(ShardStatus.NotHeld);

        var unknown = shard.Target(1, ShardFixture.First);
        unknown.WorkspaceUid = ByteString.CopyFrom(Guid.NewGuid().ToByteArray());
        (await FaultAsync(shard, unknown)).Trailers.GetValue(ShardStatus.ReasonTrailer).ShouldBe(ShardStatus.StaleSettings);

        var malformed = shard.Target(1, ShardFixture.First);
        malformed.WorkspaceUid = ByteString.CopyFrom(1, 2, 3);
        (await FaultAsync(shard, malformed)).StatusCode.ShouldBe(StatusCode.InvalidArgument);
    }

    [Fact]
    public async Task Items_of_a_batch_fail_one_by_one()
    {
        await using var shard = await ShardFixture.StartAsync();
        var response = await shard.Client.UpsertAsync(new UpsertRequest
        {
            Target = shard.Target(1, ShardFixture.First), MutationId = ShardFixture.NewId(),
            Chunks =
            {
                new ChunkWrite(),
                new ChunkWrite { Chunk = ShardFixture.ChunkOf("short", [1, 2]) },
                new ChunkWrite { Chunk = ShardFixture.ChunkOf("good", [1, 2, 3]) },
                new ChunkWrite { Chunk = ShardFixture.ChunkOf("conditional", [1, 2, 3]), IfVersion = 5 },
            },
        });
        response.Results.Select(result => (StatusCode)(result.Error?.Code ?? 0)).ShouldBe(
            [StatusCode.InvalidArgument, StatusCode.InvalidArgument, StatusCode.OK, StatusCode.FailedPrecondition]);
        response.Results.Where(result => result.Error is not null)
            .ShouldAllBe(result => result.Error.Message.Length > 10);
        (await shard.SearchAsync(9, ShardFixture.First)).Hits.Single().ChunkId.ShouldBe("good");
    }

    [Fact]
    public async Task Lists_and_counts_go_over_all_partitions_in_key_order()
    {
        await using var shard = await ShardFixture.StartAsync();
        foreach (var id in new[] { "e", "a", "c" })
            await shard.UpsertAsync(ShardFixture.First, id, [1, 0, 0]);
        foreach (var id in new[] { "b", "d" })
            await shard.UpsertAsync(ShardFixture.Second, id, [1, 0, 0]);
        var target = shard.Target(1, ShardFixture.First, ShardFixture.Second);

        var page = await shard.Client.ListAsync(new ListRequest { Target = target, PageSize = 3 });
        page.Chunks.Select(chunk => chunk.ChunkId).ShouldBe(["a", "b", "c"]);
        page.More.ShouldBeTrue();
        var rest = await shard.Client.ListAsync(new ListRequest
        {
            Target = target, PageSize = 3, After = new ChunkKey { DocumentId = "c", ChunkId = "c" },
        });
        rest.Chunks.Select(chunk => chunk.ChunkId).ShouldBe(["d", "e"]);
        rest.More.ShouldBeFalse();
        (await shard.Client.CountAsync(new CountRequest { Target = target })).Count.ShouldBe(5);
        (await shard.Client.GetStatisticsAsync(new GetStatisticsRequest { Target = target })).Chunks.ShouldBe(5);
    }

    [Fact]
    public async Task A_restart_keeps_data_and_settings_and_a_deleted_workspace_is_gone()
    {
        await using var shard = await ShardFixture.StartAsync();
        await shard.UpsertAsync(ShardFixture.First, "kept", [1, 0, 0], "still here");
        await shard.RestartAsync();
        (await shard.SearchAsync(1, ShardFixture.First)).Hits.Single().Text.ShouldBe("still here");

        await shard.PutSettingsAsync(version: 2, WorkspaceState.Deleting);
        (await FaultAsync(shard, shard.Target(1, ShardFixture.First))).StatusCode.ShouldBe(StatusCode.FailedPrecondition);
        var status = await shard.Client.GetStatusAsync(new GetStatusRequest());
        status.Name.ShouldBe("shard-0");
        status.TopologyVersion.ShouldBe(3);
        status.Quarantined.ShouldBeEmpty();
    }

    [Fact]
    public async Task Text_for_a_space_without_a_model_and_an_unknown_model_are_refused_with_what_to_do()
    {
        await using var shard = await ShardFixture.StartAsync();
        var search = new SearchSlicesRequest { Target = shard.Target(1, ShardFixture.First), K = 1, Text = "words" };
        (await Should.ThrowAsync<RpcException>(async () => await shard.Client.SearchSlicesAsync(search)))
            .Status.Detail.ShouldContain("by a vector");
        var embed = new EmbedTextsRequest { Model = "../../etc", Texts = { "t" } };
        (await Should.ThrowAsync<RpcException>(async () => await shard.Client.EmbedTextsAsync(embed)))
            .Status.Detail.ShouldContain("rag model");
        (await shard.Client.ListModelsAsync(new ListModelsRequest())).Models.ShouldBeEmpty();
    }

    private static async Task<SearchSlicesResponse> SearchWordsAsync(
        ShardFixture shard, string text, SearchMode mode, TextStatistics? weights, params int[] partitions) =>
        await shard.Client.SearchSlicesAsync(new SearchSlicesRequest
        {
            Target = shard.Target(1, partitions), K = 10, Text = text, Mode = mode, TextStatistics = weights,
            Vector = mode == SearchMode.Hybrid ? Mapping.VectorMapping.Pack([0, 0, 0]) : ByteString.Empty,
        });

    private static async Task<RpcException> FaultAsync(ShardFixture shard, Target target) =>
        await Should.ThrowAsync<RpcException>(
            async () => await shard.Client.CountAsync(new CountRequest { Target = target }));

    private static async Task CommitAsync(ShardFixture shard, string document, string[] chunks)
    {
        var generation = ShardFixture.NewId();
        await StageAsync(shard, document, generation, chunks);
        await CommitAsync(shard, document, generation, chunks.Length);
    }

    private static async Task StageAsync(ShardFixture shard, string document, ByteString generation, string[] chunks)
    {
        var request = new StageChunksRequest
        {
            Target = shard.Target(1, ShardFixture.First), DocumentId = document, Generation = generation,
            MutationId = ShardFixture.NewId(),
        };
        foreach (var id in chunks)
        {
            var chunk = ShardFixture.ChunkOf(id, [chunks.Length, 0, 0]);
            chunk.DocumentId = document;
            request.Chunks.Add(chunk);
        }

        await shard.Client.StageChunksAsync(request);
    }

    private static async Task CommitAsync(ShardFixture shard, string document, ByteString generation, int expected) =>
        await shard.Client.CommitDocumentAsync(new CommitDocumentRequest
        {
            Target = shard.Target(1, ShardFixture.First), DocumentId = document, Generation = generation,
            ExpectedChunks = expected, MutationId = ShardFixture.NewId(),
        });
}
