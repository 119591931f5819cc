using Rag.Cli.Evaluation;

namespace Rag.Cli.Tests.Evaluation;

public class RankingMetricsTests
{
    private static readonly Dictionary<string, int> Grades = new() { ["a"] = 3, ["b"] = 1, ["c"] = 0, ["d"] = 2 };

    [Fact]
    public void The_best_order_scores_one() =>
        RankingMetrics.NdcgAt(10, ["a", "d", "b", "x", "c"], Grades).ShouldBe(1, 1e-12);

    [Fact]
    public void Gain_is_linear_and_discounted_by_the_logarithm_of_the_rank()
    {
        // By hand: (1/1 + 3/log2(3)) / (3/1 + 2/log2(3) + 1/2)
        var expected = (1 + 3 / Math.Log2(3)) / (3 + 2 / Math.Log2(3) + 0.5);
        RankingMetrics.NdcgAt(10, ["b", "a"], Grades).ShouldBe(expected, 1e-12);
    }

    [Fact]
    public void What_stands_below_the_depth_does_not_count() =>
        RankingMetrics.NdcgAt(2, ["x", "y", "a"], Grades).ShouldBe(0);

    [Fact]
    public void The_ideal_is_cut_at_the_depth_too()
    {
        var many = Enumerable.Range(0, 20).ToDictionary(i => $"{i}", _ => 1);
        RankingMetrics.NdcgAt(10, [.. Enumerable.Range(0, 10).Select(i => $"{i}")], many).ShouldBe(1, 1e-12);
    }

    [Fact]
    public void Average_precision_counts_what_is_not_found_as_zero() =>
        RankingMetrics.AveragePrecision(1000, ["a", "x", "b"], Grades).ShouldBe((1.0 + 2.0 / 3) / 3, 1e-12);

    [Fact]
    public void Recall_counts_relevant_documents_only() =>
        RankingMetrics.RecallAt(2, ["c", "a", "b", "d"], Grades).ShouldBe(1.0 / 3, 1e-12);

    [Fact]
    public void A_document_that_comes_twice_counts_once()
    {
        RankingMetrics.AveragePrecision(10, ["a", "a", "a"], Grades).ShouldBe(1.0 / 3, 1e-12);
        RankingMetrics.RecallAt(10, ["a", "a"], Grades).ShouldBe(1.0 / 3, 1e-12);
        RankingMetrics.NdcgAt(10, ["a", "a"], new Dictionary<string, int> { ["a"] = 1 }).ShouldBe(1, 1e-12);
    }

    [Fact]
    public void Nothing_relevant_scores_zero_instead_of_failing()
    {
        var none = new Dictionary<string, int> { ["a"] = 0 };
        RankingMetrics.NdcgAt(10, ["a"], none).ShouldBe(0);
        RankingMetrics.AveragePrecision(10, ["a"], none).ShouldBe(0);
        RankingMetrics.RecallAt(10, ["a"], none).ShouldBe(0);
    }

    [Theory]
    [InlineData(0.5, 2)]
    [InlineData(0.99, 4)]
    [InlineData(0.25, 1)]
    [InlineData(1.0, 4)]
    public void A_percentile_is_a_measured_value(double share, double expected) =>
        Percentiles.At([4, 1, 3, 2], share).ShouldBe(expected);
}
