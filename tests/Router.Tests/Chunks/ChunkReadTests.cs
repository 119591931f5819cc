using Grpc.Core;
using Rag.Router.Tests.Fakes;
using Rag.V1;

namespace Rag.Router.Tests.Chunks;

public sealed class ChunkReadTests
{
    [Fact]
    public async Task Chunks_are_got_in_the_order_of_the_keys_and_the_missing_are_named()
    {
        await using var fixture = await RouterFixture.StartAsync(shards: 3);
        await fixture.CreateAsync(spread: 8);
        await fixture.UpsertAsync("docs", Enumerable.Range(0, 20).Select(i => ($"d{i}", "c", $"text {i}")));
        var response = await fixture.Chunks.GetChunksAsync(ChunkWriteTests.Keys(
            "docs", ("d7", "c"), ("none", "c"), ("d1", "c"), ("d19", "c"), ("d7", "c")));
        response.Chunks.Select(chunk => chunk.DocumentId).ShouldBe(["d7", "d1", "d19", "d7"]);
        response.Missing.Single().DocumentId.ShouldBe("none");
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(3, 8)]
    public async Task What_is_there_during_a_whole_listing_is_listed_exactly_once_whatever_is_written_meanwhile(
        int shards, int spread)
    {
        await using var fixture = await RouterFixture.StartAsync(shards);
        await fixture.CreateAsync(spread: spread);
        string[] prefixes = ["a", "Z", "\uFFFD", "\U0001F600"];
        var steady = Enumerable.Range(0, 150).Select(i => ($"{prefixes[i % 4]}{i % 20}", $"s{i}", "text")).ToList();
        await fixture.UpsertAsync("docs", steady);
        var random = new Random(11);
        var listed = new List<(string, string)>();
        var token = "";
        do
        {
            var page = await fixture.Chunks.ListChunksAsync(
                new ListChunksRequest { Workspace = "docs", PageSize = 7, PageToken = token });
            page.Chunks.Count.ShouldBeLessThanOrEqualTo(7);
            listed.AddRange(page.Chunks.Select(chunk => (chunk.DocumentId, chunk.ChunkId)));
            token = page.NextPageToken;
            // Before and behind the cursor, chunks come and go.
            var other = $"{prefixes[random.Next(4)]}{random.Next(20)}";
            await fixture.UpsertAsync("docs", (other, $"x{random.Next(50)}", "text"));
            await fixture.Chunks.DeleteChunksAsync(new DeleteChunksRequest
            {
                Workspace = "docs",
                Keys = new ChunkKeys { Keys = { new ChunkKey { DocumentId = other, ChunkId = $"x{random.Next(50)}" } } },
            });
        }
        while (token.Length > 0);

        listed.Where(key => key.Item2.StartsWith('s')).Order().ShouldBe(steady.Select(item => (item.Item1, item.Item2)).Order());
        listed.Distinct().Count().ShouldBe(listed.Count);
        var order = listed.Zip(listed.Skip(1)).ToList();
        order.ShouldAllBe(pair => Router.Shards.Utf8Order.Compare(
            pair.First.Item1, pair.First.Item2, pair.Second.Item1, pair.Second.Item2) < 0);
    }

    [Fact]
    public async Task A_shard_may_give_short_pages_without_anything_being_passed_over()
    {
        await using var fixture = await RouterFixture.StartAsync(shards: 3);
        await fixture.CreateAsync(spread: 8);
        await fixture.UpsertAsync("docs", Enumerable.Range(0, 60).Select(i => ($"d{i:00}", "c", "text")));
        for (var i = 0; i < 3; i++)
            fixture.Shards[i].PageLimit = i + 1;
        var listed = new List<string>();
        var token = "";
        do
        {
            var page = await fixture.Chunks.ListChunksAsync(
                new ListChunksRequest { Workspace = "docs", PageSize = 10, PageToken = token });
            listed.AddRange(page.Chunks.Select(chunk => chunk.DocumentId));
            token = page.NextPageToken;
        }
        while (token.Length > 0);

        listed.ShouldBe(Enumerable.Range(0, 60).Select(i => $"d{i:00}"));
    }

    [Fact]
    public async Task A_documents_chunks_are_listed_and_counted_from_its_one_partition()
    {
        await using var fixture = await RouterFixture.StartAsync(shards: 3);
        await fixture.CreateAsync(spread: 8);
        await fixture.UpsertAsync("docs", Enumerable.Range(0, 90).Select(i => ($"d{i % 30}", $"c{i:00}", "text")));
        var before = fixture.Shards.Sum(shard => shard.Calls.Count);
        var page = await fixture.Chunks.ListChunksAsync(
            new ListChunksRequest { Workspace = "docs", DocumentId = "d4", PageSize = 2 });
        page.Chunks.Select(chunk => chunk.ChunkId).ShouldBe(["c04", "c34"]);
        var count = await fixture.Chunks.CountChunksAsync(new CountChunksRequest { Workspace = "docs", DocumentId = "d4" });
        count.Count.ShouldBe(3);
        (fixture.Shards.Sum(shard => shard.Calls.Count) - before).ShouldBe(2);
        var next = await fixture.Chunks.ListChunksAsync(new ListChunksRequest
        {
            Workspace = "docs", DocumentId = "d4", PageSize = 2, PageToken = page.NextPageToken,
        });
        next.Chunks.Select(chunk => chunk.ChunkId).ShouldBe(["c64"]);
        next.NextPageToken.ShouldBeEmpty();

        // A cursor belongs to what was asked.
        foreach (var request in new[]
        {
            new ListChunksRequest { Workspace = "docs", DocumentId = "d5", PageToken = page.NextPageToken },
            new ListChunksRequest { Workspace = "docs", PageToken = page.NextPageToken },
            new ListChunksRequest { Workspace = "docs", PageToken = "garbage!" },
            new ListChunksRequest { Workspace = "docs", PageToken = page.NextPageToken[..^4] },
        })
        {
            var error = await RouterFixture.FailureAsync(fixture.Chunks.ListChunksAsync(request));
            error.StatusCode.ShouldBe(StatusCode.InvalidArgument);
            RouterFixture.FieldsOf(error).ShouldBe(["page_token"]);
        }
    }

    [Fact]
    public async Task A_consistency_token_goes_to_the_partitions_it_is_about()
    {
        await using var fixture = await RouterFixture.StartAsync(shards: 2);
        await fixture.CreateAsync(spread: 4);
        var request = new UpsertChunksRequest { Workspace = "docs" };
        request.Chunks.Add(Enumerable.Range(0, 30).Select(i => RouterFixture.Write($"d{i}", "c", "text")));
        var token = (await fixture.Chunks.UpsertChunksAsync(request)).ConsistencyToken;
        foreach (var shard in fixture.Shards)
        {
            shard.Before = (_, message, _) =>
            {
                if (message is Rag.Internal.V1.SearchSlicesRequest search)
                {
                    search.MinStamps.Select(stamp => stamp.Partition)
                        .ShouldBe(search.Target.Partitions, ignoreOrder: true);
                    search.MinStamps.ShouldAllBe(stamp => stamp.Sequence == 2);
                }

                return Task.CompletedTask;
            };
        }

        await fixture.Search.SearchAsync(new SearchRequest { Workspace = "docs", Text = "text", MinConsistencyToken = token });

        await fixture.CreateAsync("others", spread: 4);
        foreach (var (workspace, wrong) in new[] { ("others", token), ("docs", "garbage"), ("docs", token[..^3]) })
        {
            var error = await RouterFixture.FailureAsync(fixture.Search.SearchAsync(
                new SearchRequest { Workspace = workspace, Text = "text", MinConsistencyToken = wrong }));
            error.StatusCode.ShouldBe(StatusCode.InvalidArgument);
            RouterFixture.FieldsOf(error).ShouldBe(["min_consistency_token"]);
        }
    }
}
