using Rag.Cli.Bench.Ann;

namespace Rag.Cli.Tests.Bench;

public class PlotScaleTests
{
    [Theory]
    [InlineData(0.62, 0.95, 130, 27_000)]
    [InlineData(0.98, 1, 5_000, 5_000)]
    [InlineData(0.2, 0.9, 0.5, 3)]
    [InlineData(1, 1, 999, 1001)]
    public void All_that_is_shown_lies_between_the_axes(double lowest, double highest, double slowest, double fastest)
    {
        CurvePoint[] points = [new(lowest, fastest, 10), new(highest, slowest, 20)];
        var scale = new PlotScale(points, 50, 20, 400, 300);

        foreach (var point in points.Where(point => point.Recall >= scale.LowestRecall))
        {
            scale.X(point.Recall).ShouldBeInRange(50, 450.001);
            scale.Y(point.QueriesPerSecond).ShouldBeInRange(19.999, 320.001);
        }

        scale.RecallTicks.Last().ShouldBe(1);
        scale.RecallTicks.Count().ShouldBeInRange(3, 8);
        scale.SpeedTicks.Count.ShouldBeInRange(2, 16);
        scale.SpeedTicks.ShouldBeInOrder();
    }

    [Fact]
    public void Nothing_to_show_is_no_reason_to_fail() => new PlotScale([], 0, 0, 100, 100).SpeedTicks.Count.ShouldBeGreaterThan(1);
}
