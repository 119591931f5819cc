using Google.Protobuf.WellKnownTypes;
using Rag.V1;
using Value = Rag.V1.Value;

namespace Rag.Cluster.Tests.Retrieval;

/// <summary>Boosts, diversity and examples, each beside a plain computation over all chunks.</summary>
public sealed class StageTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public async Task Boosts_add_what_the_formula_says(int spread)
    {
        var (cluster, chunks) = await StartAsync(spread);
        await using var _ = cluster;
        for (var seed = 0; seed < 12; seed++)
        {
            var random = new Random(seed);
            var query = SampleChunks.Vector(random);
            var shape = (DecayShape)(seed % 4);
            var year = new Boost { Key = "year", Number = random.Next(1990, 2030), Scale = 5, Offset = seed % 3, Decay = 0.3, Weight = 2, Shape = shape };
            var price = new Boost { Key = "price", Number = 10, Scale = 4, Weight = -0.5, Shape = shape };
            var expected = SampleChunks.Ordered(SampleChunks.Rank(chunks, query).Select(item => (item.Chunk, (float)(item.Score
                + 2 * Factor(shape, Math.Abs(item.Chunk.Metadata["year"].IntegerValue - year.Number), 5, seed % 3, 0.3)
                - 0.5 * Factor(shape, Math.Abs(item.Chunk.Metadata["price"].FloatValue - 10), 4, 0, 0.5)))));
            var hits = await cluster.SearchAsync(new SearchRequest
            {
                Workspace = "docs", Vector = SampleChunks.VectorOf(query), K = 20, Offset = 3, Candidates = 1000, Exact = true, Boosts = { year, price },
                ReturnFields = new ReturnFields(),
            });
            hits.Select(hit => hit.ChunkId).ShouldBe(expected.Skip(3).Take(20).Select(item => item.Chunk.ChunkId));
            hits.Zip(expected.Skip(3), (hit, item) => Math.Abs(hit.Score - item.Score)).Max().ShouldBeLessThan(1e-5f);
            hits.ShouldAllBe(hit => hit.Metadata.Count == 0);
        }
    }

    [Fact]
    public async Task Times_are_boosted_by_their_age_and_what_has_none_is_not()
    {
        await using var cluster = await SearchCluster.StartAsync(shards: 1);
        await cluster.CreateAsync("docs", 1, SampleChunks.Space);
        var now = DateTimeOffset.UtcNow;
        await cluster.UpsertAsync("docs", Enumerable.Range(0, 4).Select(i =>
        {
            var chunk = new Chunk { ChunkId = $"{i}", Vectors = { [""] = SampleChunks.VectorOf([0, 0, 0, 1]) } };
            if (i < 3)
                chunk.Metadata["date"] = new Value { TimestampValue = Timestamp.FromDateTimeOffset(now - TimeSpan.FromDays(30 * i)) };
            return chunk;
        }));
        var request = new SearchRequest
        {
            Workspace = "docs", Vector = SampleChunks.VectorOf([0, 0, 0, 1]), Boosts = { new Boost { Key = "date", Now = new Empty(), Scale = 30 * 86_400 } },
        };
        var hits = await cluster.SearchAsync(request);
        hits.Select(hit => hit.ChunkId).ShouldBe(["0", "1", "2", "3"]);
        hits.Zip([1f, 0.5f, 0.0625f, 0f], (hit, score) => Math.Abs(hit.Score - score)).Max().ShouldBeLessThan(0.001f);
        request.ScoreThreshold = 0.4f;
        (await cluster.SearchAsync(request)).Count.ShouldBe(2);
    }

    [Theory]
    [InlineData(1, SearchMode.Dense)]
    [InlineData(4, SearchMode.Dense)]
    [InlineData(4, SearchMode.Sparse)]
    [InlineData(4, SearchMode.Hybrid)]
    public async Task Diversity_chooses_as_the_formula_says(int spread, SearchMode mode)
    {
        var (cluster, chunks) = await StartAsync(spread);
        await using var _ = cluster;
        var vectors = chunks.ToDictionary(chunk => chunk.ChunkId, chunk => chunk.Vectors[""].Dense.Values.ToArray());
        for (var seed = 0; seed < 8; seed++)
        {
            var random = new Random(seed);
            var request = new SearchRequest { Workspace = "docs", Mode = mode, K = 60, Exact = true };
            if (mode != SearchMode.Sparse)
                request.Vector = SampleChunks.VectorOf(SampleChunks.Vector(random));
            if (mode != SearchMode.Dense)
                request.Text = "walls of granite";
            var pool = await cluster.SearchAsync(request);
            (request.K, request.Offset) = (15, seed % 3);
            request.Diversity = new Diversity { Lambda = seed / 8f, FetchK = 60 };
            var hits = await cluster.SearchAsync(request);
            hits.Select(hit => hit.ChunkId).ShouldBe(Mmr(pool, vectors, seed / 8f, 15 + request.Offset).Skip(request.Offset), $"seed {seed}");
            hits.ShouldAllBe(hit => hit.Text != "" && hit.Vectors.Count == 0);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public async Task What_is_similar_to_a_chunk_is_found_without_the_chunk(int spread)
    {
        var (cluster, chunks) = await StartAsync(spread);
        await using var _ = cluster;
        foreach (var chunk in chunks.Take(10))
        {
            var hits = await cluster.SearchAsync(new SearchRequest { Workspace = "docs", K = 12, Exact = true, Examples = new Examples { Positive = { Of(chunk) } } });
            hits.Select(hit => (hit.ChunkId, hit.Score)).ShouldBe(SampleChunks.Rank(chunks.Where(other => other != chunk), [.. chunk.Vectors[""].Dense.Values])
                .Take(12).Select(item => (item.Chunk.ChunkId, item.Score)));
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public async Task Examples_for_and_against_are_weighed_as_their_strategy_says(int spread)
    {
        var (cluster, chunks) = await StartAsync(spread);
        await using var _ = cluster;
        for (var seed = 0; seed < 8; seed++)
        {
            var random = new Random(seed);
            var positive = Pick(chunks, random, 3);
            var negative = Pick(chunks, random, seed % 3);
            var given = SampleChunks.Vector(random);
            var examples = new Examples { Positive = { new Example { Vector = SampleChunks.VectorOf(given) } } };
            examples.Positive.Add(positive.Select(Of));
            examples.Negative.Add(negative.Select(Of));
            float[][] wanted = [given, .. positive.Select(VectorOf)];
            float[][] unwanted = [.. negative.Select(VectorOf)];
            var others = chunks.Except(positive).Except(negative).ToList();
            var request = new SearchRequest { Workspace = "docs", K = 15, Exact = true, Candidates = 1000, Examples = examples };

            var target = Mean(wanted);
            if (unwanted.Length > 0)
                target = [.. target.Zip(Mean(unwanted), (p, n) => 2 * p - n)];
            Same(await cluster.SearchAsync(request), SampleChunks.Rank(others, target));

            examples.Strategy = ExampleStrategy.BestScore;
            Same(await cluster.SearchAsync(request), SampleChunks.Ordered(others.Select(chunk =>
            {
                var best = wanted.Max(example => Score(example, VectorOf(chunk)));
                var worst = unwanted.Length == 0 ? float.NegativeInfinity : unwanted.Max(example => Score(example, VectorOf(chunk)));
                return (chunk, worst > best ? 2 * best - worst : best);
            })));
        }
    }

    private static void Same(List<SearchHit> hits, List<(Chunk Chunk, float Score)> expected)
    {
        hits.Count.ShouldBe(15);
        hits.Zip(expected, (hit, item) => Math.Abs(hit.Score - item.Score)).Max().ShouldBeLessThan(1e-4f);
        var scores = expected.ToDictionary(item => item.Chunk.ChunkId, item => item.Score);
        // Means are not on the grid of the vectors, so that equal scores may differ in the last bit.
        hits.ShouldAllBe(hit => Math.Abs(scores[hit.ChunkId] - hit.Score) < 1e-4f);
    }

    private static List<string> Mmr(List<SearchHit> pool, Dictionary<string, float[]> vectors, float lambda, int count)
    {
        var (low, high) = (pool.Min(hit => hit.Score), pool.Max(hit => hit.Score));
        var chosen = new List<SearchHit>();
        var left = pool.ToList();
        while (chosen.Count < count)
        {
            var next = left.MaxBy(hit => lambda * (high > low ? ((double)hit.Score - low) / ((double)high - low) : 1)
                - (1.0 - lambda) * (chosen.Count == 0 ? 0 : chosen.Max(other => Cosine(vectors[hit.ChunkId], vectors[other.ChunkId]))))!;
            chosen.Add(next);
            left.Remove(next);
        }

        return [.. chosen.Select(hit => hit.ChunkId)];
    }

    private static float Cosine(float[] left, float[] right)
    {
        var (a, b) = (Unit(left), Unit(right));
        return a.Zip(b, (x, y) => x * y).Aggregate(0f, (sum, part) => sum + part);
    }

    private static float[] Unit(float[] vector)
    {
        var length = Math.Sqrt(vector.Sum(x => x * x));
        return length > 0 ? [.. vector.Select(x => (float)(x / length))] : vector;
    }

    private static double Factor(DecayShape shape, double distance, double scale, double offset, double decay)
    {
        var d = Math.Max(0, distance - offset);
        return shape switch
        {
            DecayShape.Exponential => Math.Pow(decay, d / scale),
            DecayShape.Linear => Math.Max(0, 1 - (1 - decay) * d / scale),
            _ => Math.Pow(decay, d * d / scale / scale),
        };
    }

    private static float Score(float[] left, float[] right) => -left.Zip(right, (a, b) => (a - b) * (a - b)).Sum();

    private static float[] Mean(float[][] vectors) =>
        [.. Enumerable.Range(0, SampleChunks.Dimension).Select(i => vectors.Average(vector => vector[i]))];

    private static float[] VectorOf(Chunk chunk) => [.. chunk.Vectors[""].Dense.Values];

    private static Example Of(Chunk chunk) => new() { Chunk = new ChunkKey { DocumentId = chunk.DocumentId, ChunkId = chunk.ChunkId } };

    private static List<Chunk> Pick(List<Chunk> chunks, Random random, int count) =>
        [.. Enumerable.Range(0, count).Select(i => chunks[random.Next(i * 60, i * 60 + 60)])];

    private static async Task<(SearchCluster, List<Chunk>)> StartAsync(int spread)
    {
        var cluster = await SearchCluster.StartAsync(shards: 2);
        await cluster.CreateAsync("docs", spread, SampleChunks.Space);
        var chunks = SampleChunks.Make(250, documents: 20, seed: 8);
        await cluster.UpsertAsync("docs", chunks);
        return (cluster, chunks);
    }
}
