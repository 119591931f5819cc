using Rag.Engine.Indexing;

namespace Rag.Engine.Tests.Indexing;

/// <summary>Searches behind filters in a graph: recall and number of hits, wherever what is accepted lies.</summary>
public sealed class FilteredSearchTests
{
    private const int Rows = 8_000;
    private const int Dimension = 24;
    private const int Queries = 40;

    private static readonly float[][] Vectors = TestVectors.Clustered(Rows, Dimension, seed: 5);

    [Theory]
    [InlineData(0.5)]
    [InlineData(0.1)]
    [InlineData(0.03)]
    [InlineData(0.002)]
    public void Filters_at_random_near_the_query_and_far_from_it_keep_recall_and_find_k(double share)
    {
        using var index = Build();
        var accepted = (int)(Rows * share);
        foreach (var kind in new[] { "random", "near", "far" })
        {
            var (found, wanted) = (0, 0);
            for (var i = 0; i < Queries; i++)
            {
                var query = Vectors[i * 31];
                var order = Enumerable.Range(0, Rows).ToArray();
                var keys = kind == "random" ? RandomKeys(i) : Distances(query);
                Array.Sort(keys, order);
                if (kind == "far")
                    Array.Reverse(order);
                var filter = new Chosen(order.AsSpan(0, accepted));
                var exact = new ScoredRow[10];
                var hits = new ScoredRow[10];
                var most = index.Index.Search(query, new SearchEffort(Exact: true), filter, accepted, exact, out _);
                index.Index.Search(query, default, filter, accepted, hits, out _).ShouldBe(most);
                hits.Take(most).ShouldAllBe(hit => filter.Accepts(hit.Row));
                wanted += most;
                // Rows exactly as near as the last may stand in for each other.
                found += hits.Take(most).Count(hit => hit.Score >= exact[most - 1].Score);
            }

            (found / (double)wanted).ShouldBeGreaterThan(0.93, $"{kind} {share}");
        }
    }

    [Fact]
    public void A_filter_that_leaves_out_all_around_the_query_still_finds_k()
    {
        using var index = Build();
        var query = Vectors[0];
        var order = Enumerable.Range(0, Rows).ToArray();
        Array.Sort(Distances(query), order);
        // Almost everything is accepted, only not where the search begins; then next to nothing, at the other end.
        foreach (var range in new[] { 1000..Rows, (Rows - 7)..Rows })
        {
            var filter = new Chosen(order[range]);
            var hits = new ScoredRow[10];
            var accepted = order[range].Length;
            index.Index.Search(query, default, filter, accepted, hits, out _).ShouldBe(Math.Min(10, accepted));
            hits.Take(Math.Min(10, accepted)).ShouldAllBe(hit => filter.Accepts(hit.Row));
        }
    }

    [Fact]
    public void An_index_measures_itself_on_the_queries_that_it_is_asked()
    {
        using var index = Build();
        var before = index.Index.MeasuredRecall(new SearchEffort(Ef: 20), 10);
        // Queries between the clusters are harder than rows.
        var random = new Random(3);
        var query = new float[Dimension];
        var hits = new ScoredRow[10];
        for (var i = 0; index.Index.MeasuredRecall(new SearchEffort(Ef: 20), 10) == before && i < 200_000; i++)
        {
            for (var j = 0; j < Dimension; j++)
                query[j] = random.NextSingle() * 4 - 2;
            index.Index.Search(query, default, default(AllRows), -1, hits, out _);
            if (i % 500 == 0)
                index.Index.Calibrate();
        }

        index.Index.MeasuredRecall(new SearchEffort(Ef: 20), 10).ShouldNotBe(before);
        // With nothing asked and nothing written there is nothing to measure.
        index.Index.Calibrate();
        index.Index.Calibrate(1).ShouldBeFalse();
    }

    private static float[] RandomKeys(int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, Rows).Select(_ => random.NextSingle())];
    }

    private static float[] Distances(float[] query) =>
        [.. Vectors.Select(vector => System.Numerics.Tensors.TensorPrimitives.Distance<float>(query, vector))];

    private static TestIndex Build()
    {
        var index = new TestIndex(
            new VectorIndexOptions
            {
                // Whole numbers of a byte cannot tell the many rows that are about as near from far away.
                Dimension = Dimension, Metric = Metric.L2, Codec = VectorCodec.Float32, ExactThreshold = 100,
            });
        for (var row = 0; row < Rows; row += 500)
        {
            index.Index.AddRange(
                [.. Enumerable.Range(row, 500)], Vectors.AsSpan(row, 500).ToArray().SelectMany(vector => vector).ToArray(), 1);
        }

        index.Index.Calibrate();
        return index;
    }

    private readonly struct Chosen : IRowFilter
    {
        private readonly ulong[] _words = new ulong[(Rows + 63) / 64];

        public Chosen(ReadOnlySpan<int> rows)
        {
            foreach (var row in rows)
                _words[row >> 6] |= 1UL << row;
        }

        public ReadOnlySpan<ulong> Bits => _words;

        public bool Accepts(int row) => (_words[row >> 6] >> row & 1) != 0;

        public int Next(int row)
        {
            for (; row < Rows; row++)
            {
                if (Accepts(row))
                    return row;
            }

            return int.MaxValue;
        }
    }
}
