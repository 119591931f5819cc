using Rag.Engine.Indexing;

namespace Rag.Engine.Tests.Indexing;

public sealed class ChurnedGraphTests
{
    private const int Live = 2000;
    private const int Dimension = 12;

    private static readonly float[][] Vectors = Clusters(2 * Live, seed: 40);
    private static readonly float[][] Queries = Clusters(200, seed: 41);

    [Theory]
    [InlineData(Metric.L2)]
    [InlineData(Metric.InnerProduct)]
    public void A_graph_whose_rows_were_all_replaced_finds_as_much_as_a_fresh_one(Metric metric)
    {
        using var fresh = Fresh(metric);
        using var churned = Churned(metric, out var ids);
        foreach (var ef in (int[])[16, 64, 256])
        {
            var expected = Recall(fresh, metric, ef, [.. Enumerable.Range(Live, Live)]);
            Recall(churned, metric, ef, ids).ShouldBeGreaterThan(expected - 0.015, $"ef {ef}");
        }

        (churned.Index.MemoryBytes / (double)fresh.Index.MemoryBytes).ShouldBeLessThan(1.1);
    }

    [Fact]
    public void As_many_rows_as_in_a_fresh_graph_are_found_by_their_own_vectors_after_all_were_replaced()
    {
        using var fresh = Fresh(Metric.L2);
        using var churned = Churned(Metric.L2, out var ids);
        var lost = Lost(churned, ids);
        lost.ShouldBeLessThanOrEqualTo(Lost(fresh, [.. Enumerable.Range(Live, Live)]) + Live / 100);
    }

    [Fact]
    public void No_search_falls_back_to_a_scan_after_all_were_replaced()
    {
        using var churned = Churned(Metric.InnerProduct, out _);
        var hits = new ScoredRow[10];
        foreach (var query in Queries)
        {
            churned.Index.Search(query, new SearchEffort(32), default(AllRows), -1, hits, out var counters).ShouldBe(10);
            // A scan, or one after a walk that ended in a corner of a few rows, would have no pool.
            counters.Ef.ShouldBe(32);
        }
    }

    [Fact]
    public void The_same_adds_and_removals_give_the_same_bytes()
    {
        using var one = Churned(Metric.Cosine, out _);
        using var two = Churned(Metric.Cosine, out _);
        one.Save().ShouldBe(two.Save());
    }

    [Fact]
    public void A_batch_linked_by_one_thread_gives_the_same_bytes_each_time()
    {
        var all = Vectors[..Live].SelectMany(vector => vector).ToArray();
        var saved = Enumerable.Range(0, 2).Select(_ =>
        {
            using var index = Graph(Metric.Cosine);
            index.Index.AddRange([.. Enumerable.Range(0, Live)], all, threads: 1);
            return index.Save();
        }).ToArray();
        saved[0].ShouldBe(saved[1]);
    }

    /// <summary>Each row in turn loses its vector and, after a few others, gets a new one under the same number.</summary>
    private static TestIndex Churned(Metric metric, out int[] ids)
    {
        const int delay = 5;
        var index = Graph(metric);
        for (var row = 0; row < Live; row++)
            index.Index.Add(row, Vectors[row]);
        ids = [.. Enumerable.Range(0, Live)];
        var order = Enumerable.Range(0, Live).ToArray();
        new Random(42).Shuffle(order);
        for (var i = 0; i < Live + delay; i++)
        {
            if (i < Live)
                index.Index.Remove(order[i]);
            if (i < delay)
                continue;
            var row = order[i - delay];
            ids[row] = Live + i - delay;
            index.Index.Add(row, Vectors[ids[row]]);
        }

        return index;
    }

    private static TestIndex Fresh(Metric metric)
    {
        var index = Graph(metric);
        for (var id = Live; id < 2 * Live; id++)
            index.Index.Add(id - Live, Vectors[id]);
        return index;
    }

    private static int Lost(TestIndex index, int[] ids) => Enumerable.Range(0, Live)
        .Count(row => index.Search(Vectors[ids[row]], 1, new SearchEffort(64))[0] != row);

    private static TestIndex Graph(Metric metric) =>
        new(new VectorIndexOptions { Dimension = Dimension, Metric = metric, ExactThreshold = 0, EfConstruction = 60 });

    private static double Recall(TestIndex index, Metric metric, int ef, int[] ids)
    {
        var found = 0;
        foreach (var query in Queries)
        {
            var truth = TestVectors.Nearest(metric, Vectors, query, 10, id => id >= Live);
            found += index.Search(query, 10, new SearchEffort(ef)).Count(row => truth.Contains(ids[row]));
        }

        return found / (10.0 * Queries.Length);
    }

    /// <summary>Small clusters far apart: what leads from one to another is known to few rows.</summary>
    private static float[][] Clusters(int count, int seed)
    {
        var centres = TestVectors.Clustered(60, Dimension, seed: 39);
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ =>
        {
            var centre = centres[random.Next(centres.Length)];
            var vector = centre.Select(value => value + 0.3f * (random.NextSingle() + random.NextSingle() - 1)).ToArray();
            var norm = MathF.Sqrt(vector.Sum(value => value * value));
            return vector.Select(value => value / norm).ToArray();
        })];
    }
}
