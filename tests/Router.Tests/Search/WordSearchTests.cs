using Grpc.Core;
using Rag.Router.Tests.Fakes;
using Rag.V1;

namespace Rag.Router.Tests.Search;

public sealed class WordSearchTests
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(1, 4)]
    [InlineData(3, 4)]
    [InlineData(4, 16)]
    public async Task Words_weigh_the_same_over_any_placement(int shards, int spread)
    {
        var (chunks, expected) = await SearchOnOneAsync(new SearchRequest { Mode = SearchMode.Sparse, K = 50, Offset = 3 });
        await using var fixture = await RouterFixture.StartAsync(shards);
        await fixture.CreateAsync(spread: spread);
        await fixture.UpsertAsync("docs", chunks);
        var answer = await fixture.Search.SearchAsync(
            new SearchRequest { Workspace = "docs", Text = "red blue", Mode = SearchMode.Sparse, K = 50, Offset = 3 });
        answer.Hits.ShouldBe(expected);
        answer.Encoder.ShouldBe(Encoder.Unspecified);
    }

    [Theory]
    [InlineData(1, 4, FusionMethod.Unspecified)]
    [InlineData(3, 4, FusionMethod.Scaled)]
    [InlineData(4, 16, FusionMethod.ReciprocalRank)]
    [InlineData(3, 4, FusionMethod.Distribution)]
    public async Task A_mix_of_both_lists_is_the_same_over_any_placement(int shards, int spread, FusionMethod method)
    {
        var request = new SearchRequest { Mode = SearchMode.Hybrid, K = 40, Fusion = new Fusion { Method = method, Candidates = 60 } };
        var (chunks, expected) = await SearchOnOneAsync(request.Clone());
        await using var fixture = await RouterFixture.StartAsync(shards);
        await fixture.CreateAsync(spread: spread);
        await fixture.UpsertAsync("docs", chunks);
        request.Workspace = "docs";
        request.Text = "red blue";
        var answer = await fixture.Search.SearchAsync(request);
        answer.Hits.ShouldBe(expected);
        answer.Hits.Count.ShouldBe(40);
        answer.Hits.ShouldAllBe(hit => hit.Text != "" && (hit.HasDenseScore || hit.HasSparseScore));
        answer.Encoder.ShouldBe(Encoder.Full);
    }

    [Fact]
    public async Task Shards_are_asked_what_words_weigh_only_where_there_are_several()
    {
        await using var fixture = await RouterFixture.StartAsync(shards: 3);
        await fixture.CreateAsync("single");
        await fixture.CreateAsync("spread", spread: 16);
        await fixture.UpsertAsync("single", Corpus());
        (await CallsAsync(fixture, "single", SearchMode.Sparse)).ShouldBe(["SearchSlices"]);
        (await CallsAsync(fixture, "single", SearchMode.Hybrid)).ShouldBe(["SearchSlices", "Get"]);
        var calls = await CallsAsync(fixture, "spread", SearchMode.Hybrid);
        calls.Count(call => call == "GetTextStatistics").ShouldBe(3);
        calls.Count(call => call == "SearchSlices").ShouldBe(3);
        calls.Count(call => call == "EmbedTexts").ShouldBe(1);
    }

    [Fact]
    public async Task A_threshold_and_what_is_returned_hold_for_the_mix()
    {
        await using var fixture = await RouterFixture.StartAsync(shards: 2);
        await fixture.CreateAsync(spread: 4);
        await fixture.UpsertAsync("docs", Corpus());
        var request = new SearchRequest
        {
            Workspace = "docs", Text = "red", Mode = SearchMode.Hybrid, K = 100, ScoreThreshold = 0.5f, ReturnFields = new ReturnFields(),
        };
        var hits = (await fixture.Search.SearchAsync(request)).Hits;
        hits.Count.ShouldBeInRange(1, 99);
        hits.ShouldAllBe(hit => hit.Score >= 0.5f && hit.Score <= 1);
        fixture.Shards.SelectMany(shard => shard.Calls).ShouldNotContain("Get", "nothing but scores was asked for");
    }

    [Fact]
    public async Task A_missing_partition_is_named_and_the_others_answer()
    {
        await using var fixture = await RouterFixture.StartAsync(shards: 3);
        await fixture.CreateAsync(spread: 16);
        await fixture.UpsertAsync("docs", Corpus());
        fixture.Shards[1].Before = (_, _, _) => throw new RpcException(new Status(StatusCode.Unavailable, "away"));
        foreach (var mode in new[] { SearchMode.Sparse, SearchMode.Hybrid })
        {
            var request = new SearchRequest { Workspace = "docs", Text = "red blue", Mode = mode, AllowPartial = true };
            var answer = await fixture.Search.SearchAsync(request);
            answer.MissingPartitions.Count.ShouldBeGreaterThan(0);
            answer.Hits.Count.ShouldBe(10);
            request.AllowPartial = false;
            (await Should.ThrowAsync<RpcException>(async () => await fixture.Search.SearchAsync(request))).StatusCode.ShouldBe(StatusCode.Unavailable);
        }
    }

    private static async Task<(List<(string, string, string)> Chunks, SearchHit[] Hits)> SearchOnOneAsync(SearchRequest request)
    {
        var chunks = Corpus();
        await using var fixture = await RouterFixture.StartAsync(shards: 1);
        await fixture.CreateAsync();
        await fixture.UpsertAsync("docs", chunks);
        (request.Workspace, request.Text) = ("docs", "red blue");
        var hits = (await fixture.Search.SearchAsync(request)).Hits.ToArray();
        hits.ShouldNotBeEmpty();
        return (chunks, hits);
    }

    private static async Task<List<string>> CallsAsync(RouterFixture fixture, string workspace, SearchMode mode)
    {
        var before = fixture.Shards.Select(shard => shard.Calls.Count).ToArray();
        await fixture.Search.SearchAsync(new SearchRequest { Workspace = workspace, Text = "red", Mode = mode });
        return [.. fixture.Shards.SelectMany((shard, i) => shard.Calls.Skip(before[i]))];
    }

    private static List<(string Document, string Chunk, string Text)> Corpus()
    {
        var random = new Random(3);
        string[] words = ["red", "green", "green", "blue", "white", "white", "white"];
        return [.. Enumerable.Range(0, 400).Select(i => ($"d{i % 50}", $"c{i}",
            string.Join(' ', Enumerable.Range(0, random.Next(1, 8)).Select(_ => words[random.Next(words.Length)]))))];
    }
}
