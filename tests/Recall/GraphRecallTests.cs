using Rag.Engine.Indexing;

namespace Rag.Recall.Tests;

/// <summary>Recall of the graph against exact search. Seeds are fixed, builds use one thread: figures do not vary.</summary>
public sealed class GraphRecallTests
{
    [Theory]
    [InlineData(Metric.Cosine, 96)]
    [InlineData(Metric.InnerProduct, 33)]
    [InlineData(Metric.InnerProduct, 96)]
    [InlineData(Metric.L2, 33)]
    [InlineData(Metric.L2, 7)]
    public void The_default_effort_reaches_its_recall_target_on_clustered_data(Metric metric, int dimension)
    {
        var data = RecallData.Clustered(3000, 100, dimension, seed: dimension);
        using var index = RecallIndex.Of(data, metric);
        index.Recall(data, data.Truth(metric, 10), default).ShouldBeGreaterThan(0.94);
    }

    [Theory]
    [InlineData(0.9f)]
    [InlineData(0.95f)]
    [InlineData(0.99f)]
    public void Recall_targets_are_met_on_hard_data_once_the_index_is_calibrated(float target)
    {
        var data = RecallData.Gaussian(4000, 150, 32, seed: 1);
        using var index = RecallIndex.Of(data, Metric.L2);
        index.Index.Calibrate();
        var effort = new SearchEffort(RecallTarget: target);
        index.Index.MeasuredRecall(effort, 10)!.Value.ShouldBeGreaterThanOrEqualTo(target - 0.03f);
        index.Recall(data, data.Truth(Metric.L2, 10), effort).ShouldBeGreaterThan(target - 0.02);
        index.Recall(data, data.Truth(Metric.L2, 50), effort).ShouldBeGreaterThan(target - 0.03);
        index.Recall(data, data.Truth(Metric.L2, 1), effort).ShouldBeGreaterThan(target - 0.03);
    }

    [Theory]
    [InlineData("clusters")]
    [InlineData("12 dimensions")]
    [InlineData("32 dimensions")]
    public void What_an_index_says_of_its_recall_holds_for_queries_that_it_was_never_asked(string kind)
    {
        var data = kind switch
        {
            "clusters" => RecallData.Clustered(4000, 400, 64, seed: 9),
            "12 dimensions" => RecallData.Gaussian(4000, 400, 12, seed: 9),
            _ => RecallData.Gaussian(4000, 400, 32, seed: 9),
        };
        var (known, fresh) = (data.Queries[..200], data.With(data.Queries[200..]));
        using var index = RecallIndex.Of(data, Metric.Cosine);
        var hits = new ScoredRow[10];
        for (var round = 0; round < 30; round++)
        {
            foreach (var query in known)
                index.Index.Search(query, default, default(AllRows), -1, hits, out _);
            index.Index.Calibrate();
        }

        var truth = fresh.Truth(Metric.Cosine, 10);
        foreach (var target in new[] { 0.90f, 0.95f, 0.99f })
        {
            var effort = new SearchEffort(RecallTarget: target);
            var says = index.Index.MeasuredRecall(effort, 10)!.Value;
            // The smallest pool may give more than is asked for.
            says.ShouldBeGreaterThanOrEqualTo(target - 0.001f, kind);
            index.Recall(fresh, truth, effort).ShouldBe(says, 0.025, $"{kind} {target}");
        }
    }

    [Fact]
    public void Int8_codes_lose_nothing_that_can_be_seen_against_float32()
    {
        var data = RecallData.Clustered(3000, 100, 64, seed: 2);
        var truth = data.Truth(Metric.Cosine, 10);
        using var bytes = RecallIndex.Of(data, Metric.Cosine);
        using var floats = RecallIndex.Of(data, Metric.Cosine, VectorCodec.Float32);
        foreach (var ef in new[] { 20, 40, 80 })
            bytes.Recall(data, truth, new SearchEffort(ef)).ShouldBeGreaterThan(floats.Recall(data, truth, new SearchEffort(ef)) - 0.02);
    }

    [Theory]
    [InlineData(Metric.Cosine)]
    [InlineData(Metric.InnerProduct)]
    [InlineData(Metric.L2)]
    public void Binary_codes_reach_recall_by_ranking_more(Metric metric)
    {
        var data = RecallData.Clustered(3000, 100, 256, seed: 6);
        using var index = RecallIndex.Of(data, metric, VectorCodec.Binary);
        index.Recall(data, data.Truth(metric, 10), new SearchEffort(200)).ShouldBeGreaterThan(0.95);
    }

    [Fact]
    public void A_graph_made_by_several_threads_finds_as_much()
    {
        var data = RecallData.Gaussian(4000, 100, 24, seed: 3);
        var truth = data.Truth(Metric.L2, 10);
        using var one = RecallIndex.Of(data, Metric.L2);
        using var four = RecallIndex.Of(data, Metric.L2, threads: 4);
        four.Recall(data, truth, new SearchEffort(64)).ShouldBeGreaterThan(one.Recall(data, truth, new SearchEffort(64)) - 0.02);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(10)]
    [InlineData(50)]
    public void A_filter_keeps_recall_and_k(int modulus)
    {
        var data = RecallData.Clustered(4000, 100, 40, seed: 4);
        var truth = data.Truth(Metric.Cosine, 10, row => row % modulus == 0);
        using var index = RecallIndex.Of(data, Metric.Cosine);
        index.Recall(data, truth, default, new RowsOf(Enumerable.Range(0, 4000).Where(row => row % modulus == 0), 4000), 4000 / modulus).ShouldBeGreaterThan(0.94);
    }

    [Theory]
    [InlineData(Metric.L2)]
    [InlineData(Metric.Cosine)]
    [InlineData(Metric.InnerProduct)]
    public void A_filter_that_accepts_only_what_is_far_away_still_finds_it_where_many_rows_are_about_as_near(Metric metric)
    {
        const int nearer = 2000;
        var data = RecallData.Gaussian(4000, 30, 32, seed: 5);
        var nearest = data.Truth(metric, 4000);
        using var index = RecallIndex.Of(data, metric);
        var found = 0;
        for (var i = 0; i < data.Queries.Length; i++)
        {
            var far = new RowsOf(nearest[i][nearer..], 4000);
            var hits = new ScoredRow[10];
            index.Index.Search(data.Queries[i], default, far, 4000 - nearer, hits, out _).ShouldBe(10);
            found += hits.Select(hit => hit.Row).Intersect(nearest[i][nearer..(nearer + 10)]).Count();
        }

        (found / (10.0 * data.Queries.Length)).ShouldBeGreaterThan(0.98);
    }

    [Fact]
    public void After_every_vector_was_replaced_six_times_recall_and_memory_are_those_of_a_fresh_index()
    {
        var data = RecallData.Gaussian(1500, 100, 24, seed: 6);
        var effort = new SearchEffort(48);
        using var fresh = RecallIndex.Of(data, Metric.L2);
        using var churned = RecallIndex.Of(data, Metric.L2);
        var random = new Random(7);
        for (var round = 0; round < 6; round++)
        {
            var order = Enumerable.Range(0, 1500).ToArray();
            random.Shuffle(order);
            foreach (var batch in order.Chunk(50))
            {
                foreach (var row in batch)
                    churned.Index.Remove(row);
                foreach (var row in batch)
                    churned.Index.Add(row, data.Vectors[row]);
            }
        }

        var truth = data.Truth(Metric.L2, 10);
        churned.Recall(data, truth, effort).ShouldBeGreaterThan(fresh.Recall(data, truth, effort) - 0.01);
        churned.Index.MemoryBytes.ShouldBeLessThan(fresh.Index.MemoryBytes * 11 / 10);
    }

    /// <summary>Some rows, as a bitmap.</summary>
    private readonly struct RowsOf : IRowFilter
    {
        private readonly ulong[] _words;

        public RowsOf(IEnumerable<int> rows, int limit)
        {
            _words = new ulong[(limit + 63) / 64];
            foreach (var row in rows)
                _words[row >> 6] |= 1UL << row;
        }

        public ReadOnlySpan<ulong> Bits => _words;

        public bool Accepts(int row) => (_words[row >> 6] >> row & 1) != 0;

        public int Next(int row)
        {
            while (row < _words.Length * 64 && !Accepts(row))
                row++;
            return row < _words.Length * 64 ? row : int.MaxValue;
        }
    }
}
