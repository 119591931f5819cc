using Rag.Engine.Filters;
using Rag.Engine.Indexing;
using Rag.Engine.Rows;

namespace Rag.Engine.Tests.Indexing;

public sealed class VectorIndexTests
{
    private const int Graph = 0;
    private const int Exact = int.MaxValue;

    public static TheoryData<Metric, int, VectorCodec, int> Shapes
    {
        get
        {
            var data = new TheoryData<Metric, int, VectorCodec, int>();
            foreach (var metric in Enum.GetValues<Metric>())
            {
                foreach (var dimension in new[] { 1, 7, 33, 100 })
                {
                    data.Add(metric, dimension, VectorCodec.Int8, Exact);
                    data.Add(metric, dimension, VectorCodec.Int8, Graph);
                    data.Add(metric, dimension, VectorCodec.Float32, Graph);
                }

                data.Add(metric, 64, VectorCodec.Binary, Exact);
                data.Add(metric, 100, VectorCodec.Binary, Graph);
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Hits_come_best_first_with_exact_scores(Metric metric, int dimension, VectorCodec codec, int threshold)
    {
        var vectors = TestVectors.Clustered(600, dimension, seed: dimension);
        using var index = TestIndex.Of(vectors, metric, threshold, codec);
        index.Index.IsGraph.ShouldBe(threshold == Graph);
        var hits = new ScoredRow[10];
        foreach (var query in TestVectors.Clustered(20, dimension, seed: 99))
        {
            index.Index.Search(query, new SearchEffort(200), default(AllRows), -1, hits, out _).ShouldBe(10);
            for (var i = 0; i < hits.Length; i++)
            {
                var expected = TestVectors.Score(metric, vectors[hits[i].Row], query);
                hits[i].Score.ShouldBe(expected, 1e-4 * Math.Max(1, Math.Abs(expected)));
                index.Index.Score(query, hits[i].Row).ShouldBe(hits[i].Score);
                if (i > 0)
                    hits[i].Score.ShouldBeLessThanOrEqualTo(hits[i - 1].Score);
            }

            hits.Select(hit => hit.Row).Distinct().Count().ShouldBe(10);
        }
    }

    [Theory]
    [InlineData(Metric.Cosine)]
    [InlineData(Metric.InnerProduct)]
    [InlineData(Metric.L2)]
    public void An_exact_search_gives_exactly_the_nearest(Metric metric)
    {
        var vectors = TestVectors.Clustered(500, 20, seed: 1);
        foreach (var threshold in new[] { Exact, Graph })
        {
            using var index = TestIndex.Of(vectors, metric, threshold);
            foreach (var query in TestVectors.Clustered(10, 20, seed: 2))
                index.Search(query, 15, new SearchEffort(Exact: true)).ShouldBe(TestVectors.Nearest(metric, vectors, query, 15));
        }
    }

    [Fact]
    public void An_empty_index_finds_nothing_and_k_beyond_its_size_finds_all()
    {
        using var empty = new TestIndex(new VectorIndexOptions { Dimension = 4, Metric = Metric.L2 });
        empty.Search(new float[4], 5).ShouldBeEmpty();
        foreach (var threshold in new[] { Exact, Graph })
        {
            using var index = TestIndex.Of(TestVectors.Clustered(30, 4, seed: 3), Metric.L2, threshold);
            index.Search(new float[4], 100).Order().ShouldBe(Enumerable.Range(0, 30));
            index.Search(new float[4], 0).ShouldBeEmpty();
        }
    }

    [Fact]
    public void A_zero_vector_is_stored_and_scores_zero_by_cosine()
    {
        var vectors = TestVectors.Clustered(50, 8, seed: 4);
        vectors[17] = new float[8];
        using var index = TestIndex.Of(vectors, Metric.Cosine, Graph);
        index.Search(vectors[3], 50).Length.ShouldBe(50);
        index.Index.Score(vectors[3], 17).ShouldBe(0);
    }

    [Fact]
    public void Rows_become_a_graph_by_themselves_without_a_search_missing_any()
    {
        var vectors = TestVectors.Clustered(700, 12, seed: 5);
        using var index = new TestIndex(new VectorIndexOptions { Dimension = 12, Metric = Metric.L2, ExactThreshold = 500 });
        for (var row = 0; row < vectors.Length; row++)
        {
            index.Index.Add(row, vectors[row]);
            index.Search(vectors[row], 1)[0].ShouldBe(row);
            if (row < 500)
                index.Index.IsGraph.ShouldBeFalse();
        }

        index.Index.IsGraph.ShouldBeTrue();
    }

    [Theory]
    [InlineData(Exact)]
    [InlineData(Graph)]
    public void A_removed_row_is_never_found(int threshold)
    {
        var vectors = TestVectors.Clustered(400, 16, seed: 6);
        using var index = TestIndex.Of(vectors, Metric.Cosine, threshold);
        for (var row = 0; row < 400; row += 2)
        {
            index.Index.Remove(row);
            index.Search(vectors[row], 5).ShouldNotContain(row);
        }

        index.Index.Count.ShouldBe(200);
        foreach (var query in vectors)
            index.Search(query, 10).ShouldAllBe(row => row % 2 == 1);
        index.Search(vectors[0], 400).Order().ShouldBe(Enumerable.Range(0, 200).Select(i => 2 * i + 1));
    }

    [Fact]
    public void Every_row_may_go_and_come_again()
    {
        var vectors = TestVectors.Clustered(300, 16, seed: 7);
        using var index = TestIndex.Of(vectors, Metric.L2, Graph);
        for (var round = 0; round < 3; round++)
        {
            for (var row = 0; row < 300; row++)
                index.Index.Remove(row);
            index.Index.Count.ShouldBe(0);
            index.Search(vectors[0], 10).ShouldBeEmpty();
            for (var row = 0; row < 300; row++)
                index.Index.Add(row, vectors[299 - row]);
            for (var row = 0; row < 300; row++)
                index.Search(vectors[row], 1, new SearchEffort(50))[0].ShouldBe(299 - row);
        }
    }

    [Fact]
    public void Removing_what_is_not_there_does_nothing()
    {
        using var index = TestIndex.Of(TestVectors.Clustered(10, 4, seed: 8), Metric.L2);
        index.Index.Remove(10);
        index.Index.Remove(-1);
        index.Index.Remove(3);
        index.Index.Remove(3);
        index.Index.Count.ShouldBe(9);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 1)]
    [InlineData(10, 1)]
    [InlineData(100, 1)]
    [InlineData(1000, 1)]
    [InlineData(1000, 999)]
    public void A_filtered_search_finds_k_whenever_k_are_accepted(int modulus, int accepted)
    {
        var vectors = TestVectors.Clustered(3000, 16, seed: 9);
        using var index = TestIndex.Of(vectors, Metric.L2, Graph);
        var total = Enumerable.Range(0, 3000).Count(row => row % modulus < accepted);
        foreach (var query in TestVectors.Clustered(20, 16, seed: 10))
        {
            var found = index.Search(query, 10, default, new EveryNth(modulus, accepted), total);
            found.Length.ShouldBe(Math.Min(10, total));
            found.ShouldAllBe(row => row % modulus < accepted);
            // A wrong estimate costs time, not hits.
            index.Search(query, 10, default, new EveryNth(modulus, accepted), -1).Length.ShouldBe(Math.Min(10, total));
            index.Search(query, 10, default, new EveryNth(modulus, accepted), 1).Length.ShouldBe(Math.Min(10, total));
        }
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 1)]
    [InlineData(100, 70)]
    [InlineData(128, 10)]
    public async Task Rows_added_after_a_filter_was_made_are_passed_over(int known, int accepted)
    {
        var vectors = TestVectors.Clustered(600, 16, seed: 3);
        using var index = TestIndex.Of(vectors, Metric.L2, Exact);
        using var rows = RowBitmap.Rent(known);
        for (var row = 0; row < accepted; row++)
            rows.Add(row);
        var filter = new InBitmap(rows);
        foreach (var effort in new[] { default, new SearchEffort(Exact: true) })
        {
            // A scan that never ends must fail the test, not hold up the run.
            var found = await Task.Run(() => index.Search(vectors[5], 600, effort, filter, accepted))
                .WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
            found.Order().ShouldBe(Enumerable.Range(0, accepted));
        }
    }

    [Fact]
    public void Many_copies_of_one_vector_hide_nothing_else()
    {
        var vectors = TestVectors.Clustered(900, 16, seed: 13);
        for (var row = 0; row < 900; row += 2)
            vectors[row] = vectors[0];
        using var index = TestIndex.Of(vectors, Metric.L2, Graph);
        for (var row = 1; row < 900; row += 2)
            index.Search(vectors[row], 1, new SearchEffort(64))[0].ShouldBe(row);
        index.Search(vectors[0], 8, new SearchEffort(64)).ShouldAllBe(row => row % 2 == 0);
    }

    [Fact]
    public void A_row_that_is_in_the_index_is_not_added_again()
    {
        using var index = TestIndex.Of(TestVectors.Clustered(10, 4, seed: 14), Metric.L2);
        Should.Throw<ArgumentException>(() => index.Index.Add(3, new float[4])).Message.ShouldContain("3");
        Should.Throw<ArgumentException>(() => index.Index.AddRange([20, 20], new float[8], 1));
        index.Index.Count.ShouldBe(10);
    }

    [Fact]
    public void A_search_allocates_nothing()
    {
        var vectors = TestVectors.Clustered(2000, 32, seed: 11);
        foreach (var threshold in new[] { Exact, Graph })
        {
            using var index = TestIndex.Of(vectors, Metric.Cosine, threshold);
            var hits = new ScoredRow[10];
            for (var i = 0; i < 200; i++)
                index.Index.Search(vectors[i], default, new EveryNth(3), 667, hits, out _);
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < 200; i++)
                index.Index.Search(vectors[i], default, new EveryNth(3), 667, hits, out _);
            // Another test may take the pooled scratch meanwhile: then this one makes a new one, once or twice.
            (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBeLessThan(200 * 64);
        }
    }

    [Fact]
    public void Wrong_shapes_are_refused_with_a_reason()
    {
        var rows = new VectorRows(4);
        Should.Throw<ArgumentException>(() => new VectorIndex(
            new VectorIndexOptions { Dimension = 5, Metric = Metric.L2 }, rows));
        Should.Throw<ArgumentException>(() => new VectorIndex(
            new VectorIndexOptions { Dimension = 4, Metric = (Metric)9, M = 3, EfConstruction = 1 }, rows))
            .Message.ShouldContain("Metric");
        using var index = new VectorIndex(new VectorIndexOptions { Dimension = 4, Metric = Metric.L2 }, rows);
        Should.Throw<ArgumentException>(() => index.Add(0, new float[3]));
        Should.Throw<ArgumentException>(() => index.Add(-1, new float[4]));
        Should.Throw<ArgumentException>(() => index.Search(new float[5], default, default(AllRows), -1, new ScoredRow[1], out _));
        index.Count.ShouldBe(0);
    }
}
