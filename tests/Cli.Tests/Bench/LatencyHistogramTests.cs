using Rag.Cli.Bench;

namespace Rag.Cli.Tests.Bench;

public class LatencyHistogramTests
{
    [Fact]
    public void Percentiles_are_right_to_three_percent_at_any_size()
    {
        var random = new Random(1);
        var values = Enumerable.Range(0, 10_000).Select(_ => Math.Pow(10, random.NextDouble() * 7)).ToArray();
        var histogram = new LatencyHistogram();
        foreach (var value in values)
            histogram.Add(TimeSpan.FromMicroseconds(value));
        Array.Sort(values);
        foreach (var share in (double[])[0.001, 0.5, 0.9, 0.99, 0.999])
        {
            var expected = values[(int)Math.Ceiling(share * values.Length) - 1];
            histogram.Percentile(share).TotalMicroseconds.ShouldBe(expected, expected * 0.033 + 0.2);
        }

        histogram.Max.TotalMicroseconds.ShouldBe(values[^1], 0.2);
        histogram.Percentile(1).ShouldBe(histogram.Max);
    }

    [Fact]
    public void Two_histograms_add_up()
    {
        var (one, two) = (new LatencyHistogram(), new LatencyHistogram());
        one.Add(TimeSpan.FromMilliseconds(1));
        two.Add(TimeSpan.FromMilliseconds(9));
        one.Add(two);
        one.Count.ShouldBe(2);
        one.Max.ShouldBe(TimeSpan.FromMilliseconds(9));
        one.Sum.ShouldBe(TimeSpan.FromMilliseconds(10));
    }

    [Fact]
    public void An_empty_histogram_is_all_zero()
    {
        new LatencyHistogram().Percentile(0.99).ShouldBe(TimeSpan.Zero);
        new LatencyHistogram().Max.ShouldBe(TimeSpan.Zero);
    }

    [Fact]
    public void A_bar_is_met_up_to_its_limit_and_not_beyond()
    {
        new BenchBar("pause", 50, 50).Met.ShouldBeTrue();
        new BenchBar("pause", 50.1, 50).Met.ShouldBeFalse();
        new BenchBar("pause", 50.1, 50).ToText().ShouldContain("MISSED");
    }
}
