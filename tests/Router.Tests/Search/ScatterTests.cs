using Grpc.Core;
using Rag.Router.Tests.Fakes;
using Rag.V1;

namespace Rag.Router.Tests.Search;

public sealed class ScatterTests
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(3, 1)]
    [InlineData(3, 4)]
    [InlineData(4, 16)]
    public async Task Hits_over_any_placement_are_those_of_one_exact_search_with_ties_in_order_of_keys(int shards, int spread)
    {
        await using var fixture = await RouterFixture.StartAsync(shards);
        var workspace = await fixture.CreateAsync(spread: spread);
        var chunks = Corpus(seed: 5, count: 700);
        await fixture.UpsertAsync("docs", chunks);
        foreach (var (k, offset) in new[] { (10, 0), (1, 0), (50, 25), (700, 0), (1000, 690), (5, 2000) })
        {
            var request = new SearchRequest { Workspace = "docs", Text = "aab", K = k, Offset = offset };
            var response = await fixture.Search.SearchAsync(request);
            response.Hits.Select(hit => (hit.Score, hit.DocumentId, hit.ChunkId))
                .ShouldBe(Exact(chunks, "aab").Skip(offset).Take(k));
            response.Encoder.ShouldBe(Encoder.Full);
            response.SettingsVersion.ShouldBe(workspace.Version);
            response.ConsistencyToken.ShouldNotBeEmpty();
        }
    }

    [Fact]
    public async Task A_workspace_with_one_partition_takes_one_hop_and_one_over_several_embeds_once()
    {
        await using var fixture = await RouterFixture.StartAsync(shards: 3);
        await fixture.CreateAsync("single");
        await fixture.CreateAsync("spread", spread: 16);
        var before = Calls(fixture);
        await fixture.Search.SearchAsync(new SearchRequest { Workspace = "single", Text = "a" });
        Calls(fixture).Except(before).ShouldBe(["SearchSlices 1"]);
        before = Calls(fixture);
        await fixture.Search.SearchAsync(new SearchRequest { Workspace = "spread", Text = "a" });
        Calls(fixture).Except(before).ShouldBe(["EmbedTexts 1", "SearchSlices 4"], ignoreOrder: true);
    }

    [Fact]
    public async Task A_vector_filter_threshold_and_effort_reach_every_shard()
    {
        await using var fixture = await RouterFixture.StartAsync(shards: 2);
        await fixture.CreateAsync(spread: 4);
        var request = new UpsertChunksRequest { Workspace = "docs" };
        for (var i = 0; i < 40; i++)
        {
            var write = RouterFixture.Write($"d{i}", "c", new string('a', 1 + i));
            write.Chunk.Metadata["even"] = new Value { BoolValue = i % 2 == 0 };
            request.Chunks.Add(write);
        }

        await fixture.Chunks.UpsertChunksAsync(request);
        var vector = new Vector { Dense = new DenseVector() };
        vector.Dense.Values.AddRange(FakeScoring.Embed("a"));
        var seen = new List<Rag.Internal.V1.SearchSlicesRequest>();
        foreach (var shard in fixture.Shards)
            shard.Before = (_, message, _) => Keep(seen, message);
        var response = await fixture.Search.SearchAsync(new SearchRequest
        {
            Workspace = "docs",
            Vector = vector,
            K = 40,
            Ef = 77,
            ScoreThreshold = 200,
            Filter = new Filter { Equal = new EqualFilter { Key = "even", Value = new Value { BoolValue = true } } },
        });
        response.Encoder.ShouldBe(Encoder.Client);
        response.Hits.Count.ShouldBeGreaterThan(0);
        response.Hits.ShouldAllBe(hit => hit.Score >= 200 && int.Parse(hit.DocumentId.Substring(1)) % 2 == 0);
        seen.Count.ShouldBe(2);
        seen.ShouldAllBe(slice => slice.Ef == 77 && slice.Text == "" && slice.K == 40);
    }

    private static Task Keep(List<Rag.Internal.V1.SearchSlicesRequest> seen, Google.Protobuf.IMessage message)
    {
        lock (seen)
            seen.Add((Rag.Internal.V1.SearchSlicesRequest)message);
        return Task.CompletedTask;
    }

    private static List<string> Calls(RouterFixture fixture) =>
        [.. fixture.Shards.SelectMany(shard => shard.Calls).CountBy(name => name).Select(pair => $"{pair.Key} {pair.Value}")];

    /// <summary>Few different texts, so that most scores are shared; ids that UTF-16 would order otherwise.</summary>
    private static List<(string Document, string Chunk, string Text)> Corpus(int seed, int count)
    {
        var random = new Random(seed);
        string[] prefixes = ["a", "Z", "\uFFFD", "\U0001F600", "é"];
        return [.. Enumerable.Range(0, count).Select(i => (
            $"{prefixes[random.Next(prefixes.Length)]}{i % 97}", $"{prefixes[random.Next(prefixes.Length)]}-{i}",
            new string((char)('a' + random.Next(3)), 1 + random.Next(3))))];
    }

    private static IEnumerable<(float, string, string)> Exact(
        IEnumerable<(string Document, string Chunk, string Text)> chunks, string query)
    {
        var vector = FakeScoring.Embed(query);
        return FakeScoring.Best(chunks.Select(chunk => new SearchHit
        {
            DocumentId = chunk.Document,
            ChunkId = chunk.Chunk,
            Score = FakeScoring.Embed(chunk.Text).Zip(vector).Sum(pair => pair.First * pair.Second),
        })).Select(hit => (hit.Score, hit.DocumentId, hit.ChunkId));
    }
}
