using FsCheck;
using FsCheck.Fluent;
using Rag.V1;
using Value = Rag.V1.Value;

namespace Rag.Cluster.Tests.Retrieval.Properties;

/// <summary>
/// Random searches that use several features at a time, beside computing the same over all chunks. A failure prints the
/// request, made as small as it still fails, and FsCheck's seed.
/// </summary>
public sealed class SearchPropertyTests
{
    private const int Chunks = 160;
    private const int Documents = 25;

    [Theory]
    [InlineData(1, 101UL)]
    [InlineData(4, 102UL)]
    public async Task Any_search_finds_what_going_through_all_chunks_finds(int spread, ulong seed)
    {
        await using var cluster = await StartAsync(spread);
        var chunks = await FillAsync(cluster, (int)seed);
        var oracle = new SearchOracle(chunks);
        Check(RequestsOver(chunks, isPaged: false), 250, seed, request =>
        {
            var hits = cluster.Searches.Search(request).Hits.ToList();
            oracle.FaultOf(request, hits, request.K).ShouldBeNull();
        });
    }

    [Theory]
    [InlineData(1, 103UL)]
    [InlineData(4, 104UL)]
    public async Task Pages_of_any_search_are_the_whole_of_it_in_order(int spread, ulong seed)
    {
        await using var cluster = await StartAsync(spread);
        var chunks = await FillAsync(cluster, (int)seed);
        var oracle = new SearchOracle(chunks);
        Check(RequestsOver(chunks, isPaged: true), 60, seed, request =>
        {
            var page = request.Clone();
            var hits = new List<SearchHit>();
            do
            {
                var answer = cluster.Searches.Search(page);
                answer.Hits.Count.ShouldBeLessThanOrEqualTo(page.K * Math.Max(1, page.Grouping?.ChunksPerDocument ?? 0));
                hits.AddRange(answer.Hits);
                hits.Count.ShouldBeLessThanOrEqualTo(Chunks);
                page.PageToken = answer.NextPageToken;
            }
            while (page.PageToken.Length > 0);

            oracle.FaultOf(request, hits, Chunks).ShouldBeNull();
        });
    }

    [Theory]
    [InlineData(4, 105UL)]
    public async Task Counts_under_any_filter_are_those_of_going_through_all_chunks(int spread, ulong seed)
    {
        await using var cluster = await StartAsync(spread);
        var chunks = await FillAsync(cluster, (int)seed);
        var requests = Gen.Choose(0, int.MaxValue - 1).Select(number =>
        {
            var random = new Random(number);
            return new CountFacetsRequest
            {
                Workspace = "docs", Filter = PropertyCorpus.RandomFilter(random),
                Facets = { new Facet { Key = "color", Limit = 1000 }, new Facet { Key = "mixed", Limit = 1000 }, Ranges(random) },
            };
        });
        Prop.ForAll(requests.ToArbitrary(), request =>
        {
            var matching = chunks.Where(chunk => SearchOracle.Accepts(request.Filter, chunk)).ToList();
            var answer = cluster.Searches.CountFacets(request);
            answer.Count.ShouldBe(matching.Count);
            cluster.Chunks.CountChunks(new CountChunksRequest { Workspace = "docs", Filter = request.Filter }).Count.ShouldBe(matching.Count);
            foreach (var facet in answer.Facets.Take(2))
            {
                facet.Counts.ToDictionary(count => PropertyCorpus.ElementsOf(count.Value).Single(), count => count.Count).ShouldBe(
                    matching.Where(chunk => chunk.Metadata.ContainsKey(facet.Key)).SelectMany(chunk => PropertyCorpus.ElementsOf(chunk.Metadata[facet.Key]).Distinct())
                        .Where(element => element is string or bool).GroupBy(element => element).ToDictionary(group => group.Key, group => group.LongCount()),
                    ignoreOrder: true);
            }

            answer.Facets[2].Counts.Select(count => count.Count).ShouldBe(request.Facets[2].Ranges.Select(range => matching.LongCount(chunk => SearchOracle.Accepts(InRange(range), chunk))));
        }).Check(Configured(120, seed));
    }

    private static Facet Ranges(Random random)
    {
        var facet = new Facet { Key = "year" };
        for (var i = 0; i < 3; i++)
        {
            var range = new FacetRange { From = PropertyCorpus.RandomValue(random, Value.KindOneofCase.IntegerValue, false) };
            if (i > 0)
                range.To = PropertyCorpus.RandomValue(random, Value.KindOneofCase.IntegerValue, false);
            facet.Ranges.Add(range);
        }

        return facet;
    }

    private static Filter InRange(FacetRange range) =>
        new() { Range = new RangeFilter { Key = "year", AtLeast = range.From, LessThan = range.To } };

    private static Gen<SearchRequest> RequestsOver(List<Chunk> chunks, bool isPaged) =>
        Gen.Choose(0, int.MaxValue - 1).Select(number => RandomRequest(new Random(number), chunks, isPaged));

    private static SearchRequest RandomRequest(Random random, List<Chunk> chunks, bool isPaged)
    {
        var request = new SearchRequest
        {
            Workspace = "docs", Exact = true, K = random.Next(1, 30), Paging = isPaged, ReturnFields = new ReturnFields { Text = random.Next(2) == 0 },
        };
        if (random.Next(3) == 0)
            request.Examples = RandomExamples(random, chunks);
        else
            request.Vector = SampleChunks.VectorOf(SampleChunks.Vector(random));
        if (random.Next(2) == 0)
            request.Filter = PropertyCorpus.RandomFilter(random);
        if (random.Next(3) == 0 && request.Examples?.Strategy is not ExampleStrategy.BestScore)
            request.Grouping = new Grouping { ChunksPerDocument = random.Next(4) };
        if (random.Next(3) == 0)
            request.ScoreThreshold = -random.Next(1, 24) / 4f - 0.1f;
        // What is cut off by a score that is rounded may be one chunk or another: only plain scores are cut.
        request.Candidates = request.Examples is null && random.Next(2) == 0 ? random.Next(40, 80) : Chunks;
        for (var count = random.Next(2) == 0 ? 0 : random.Next(3); count > 0; count--)
            request.Boosts.Add(RandomBoost(random));
        if (random.Next(3) == 0)
            request.Diversity = new Diversity { Lambda = random.Next(5) / 4f, FetchK = request.Boosts.Count == 0 && request.Examples is null ? random.Next(30, 60) : Chunks };
        // Rounding may put another chunk of a document first, and that one is unlike others.
        if (request.Diversity is not null && (request.Boosts.Count > 0 || request.Examples is not null))
            request.Grouping = null;
        if (request.Diversity is null && !isPaged)
            request.Offset = random.Next(3) == 0 ? random.Next(10) : 0;
        return request;
    }

    private static Examples RandomExamples(Random random, List<Chunk> chunks)
    {
        var examples = new Examples { Strategy = (ExampleStrategy)random.Next(3) };
        examples.Positive.Add(Enumerable.Range(0, random.Next(1, 4)).Select(_ => ExampleOf(random, chunks)));
        examples.Negative.Add(Enumerable.Range(0, random.Next(3)).Select(_ => ExampleOf(random, chunks)));
        return examples;
    }

    private static Example ExampleOf(Random random, List<Chunk> chunks)
    {
        var chunk = chunks[random.Next(chunks.Count)];
        return new Example { Chunk = new ChunkKey { DocumentId = chunk.DocumentId, ChunkId = chunk.ChunkId } };
    }

    private static Boost RandomBoost(Random random) => new()
    {
        Key = random.Next(3) switch { 0 => "year", 1 => "price", _ => "mixed" }, Number = random.Next(-2, 3), Scale = random.Next(1, 5),
        Offset = random.Next(2), Weight = random.Next(-4, 5) / 2.0, Shape = (DecayShape)random.Next(4),
    };

    // Without one feature at a time.
    private static IEnumerable<SearchRequest> Simpler(SearchRequest request)
    {
        var changes = new List<Action<SearchRequest>>();
        if (request.Filter is not null)
            changes.Add(static simpler => simpler.Filter = null);
        if (request.Filter?.KindCase is Filter.KindOneofCase.Not)
            changes.Add(static simpler => simpler.Filter = simpler.Filter.Not);
        foreach (var part in request.Filter?.All?.Filters.Concat(request.Filter.Any?.Filters ?? []) ?? request.Filter?.Any?.Filters ?? [])
            changes.Add(simpler => simpler.Filter = part);
        if (request.Boosts.Count > 0)
            changes.Add(static simpler => simpler.Boosts.RemoveAt(simpler.Boosts.Count - 1));
        if (request.Diversity is not null)
            changes.Add(static simpler => simpler.Diversity = null);
        if (request.Grouping is not null)
            changes.Add(static simpler => simpler.Grouping = null);
        if (request.HasScoreThreshold)
            changes.Add(static simpler => simpler.ClearScoreThreshold());
        if (request.Offset > 0)
            changes.Add(static simpler => simpler.Offset = 0);
        if (request.Examples?.Negative.Count > 0)
            changes.Add(static simpler => simpler.Examples.Negative.RemoveAt(0));
        foreach (var change in changes)
        {
            var simpler = request.Clone();
            change(simpler);
            yield return simpler;
        }
    }

    private static void Check(Gen<SearchRequest> requests, int count, ulong seed, Action<SearchRequest> property) =>
        Prop.ForAll(Arb.From(requests, Simpler), property).Check(Configured(count, seed));

    private static Config Configured(int count, ulong seed) =>
        Config.QuickThrowOnFailure.WithMaxTest(count).WithReplay(seed, 1).WithQuietOnSuccess(true);

    private static async Task<SearchCluster> StartAsync(int spread)
    {
        var cluster = await SearchCluster.StartAsync(shards: 2);
        await cluster.CreateAsync("docs", spread, SampleChunks.Space);
        return cluster;
    }

    // Some of what is written first is written again or gone, so that rows are not in the order of chunks.
    private static async Task<List<Chunk>> FillAsync(SearchCluster cluster, int seed)
    {
        var chunks = PropertyCorpus.Make(Chunks + 20, Documents, seed);
        await cluster.UpsertAsync("docs", PropertyCorpus.Make(Chunks, Documents, seed).Select(chunk =>
        {
            chunk.Metadata.Clear();
            return chunk;
        }));
        await cluster.UpsertAsync("docs", chunks);
        await cluster.Chunks.DeleteChunksAsync(new DeleteChunksRequest
        {
            Workspace = "docs", Keys = new ChunkKeys { Keys = { chunks.Take(20).Select(chunk => new ChunkKey { DocumentId = chunk.DocumentId, ChunkId = chunk.ChunkId }) } },
        });
        return [.. chunks.Skip(20)];
    }
}
