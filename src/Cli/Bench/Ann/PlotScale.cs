using System.Globalization;

namespace Rag.Cli.Bench.Ann;

/// <summary>Where recalls and speeds lie in a plot: recall evenly from left to right, speed by its logarithm.</summary>
internal sealed class PlotScale
{
    /// <summary>Recall below which nothing is shown.</summary>
    public const double WidestRecall = 0.5;

    private readonly double _left;
    private readonly double _width;
    private readonly double _top;
    private readonly double _height;
    private readonly double _recallStep;
    private readonly int _recallSteps;
    private readonly double _lowest;
    private readonly double _decades;

    /// <param name="points">What is to be seen.</param>
    /// <param name="left">Left edge of the plotting area.</param>
    /// <param name="top">Its upper edge.</param>
    /// <param name="width">Its width.</param>
    /// <param name="height">Its height.</param>
    public PlotScale(IReadOnlyList<CurvePoint> points, double left, double top, double width, double height)
    {
        (_left, _width, _top, _height) = (left, width, top, height);
        var lowest = points.Select(point => point.Recall).Append(0.98).Min();
        var range = 1 - Math.Max(WidestRecall, lowest);
        _recallStep = range > 0.26 ? 0.1 : range > 0.11 ? 0.05 : range > 0.06 ? 0.02 : 0.01;
        _recallSteps = (int)Math.Ceiling(range / _recallStep - 1e-6);
        var rates = points.Where(point => point.Recall >= LowestRecall).Select(point => point.QueriesPerSecond).ToList();
        if (rates.Count == 0)
            rates.Add(1000);
        SpeedTicks = Ticks(rates.Min(), rates.Max());
        _lowest = Math.Log10(SpeedTicks[0]);
        _decades = Math.Log10(SpeedTicks[^1]) - _lowest;
    }

    /// <summary>Recall at the left edge; the right edge is 1.</summary>
    public double LowestRecall => 1 - _recallSteps * _recallStep;

    public IEnumerable<double> RecallTicks =>
        Enumerable.Range(0, _recallSteps + 1).Select(i => Math.Round(1 - (_recallSteps - i) * _recallStep, 3));

    /// <summary>1, 2 and 5 of each decade, from below the slowest to above the fastest.</summary>
    public IReadOnlyList<double> SpeedTicks { get; }

    public double X(double recall) => _left + (recall - LowestRecall) / (1 - LowestRecall) * _width;

    public double Y(double queriesPerSecond) =>
        _top + _height - (Math.Log10(queriesPerSecond) - _lowest) / _decades * _height;

    /// <summary>A coordinate as SVG has it.</summary>
    public static string Text(double coordinate) => coordinate.ToString("0.#", CultureInfo.InvariantCulture);

    private static List<double> Ticks(double slowest, double fastest)
    {
        var ticks = new List<double>();
        for (var decade = Math.Pow(10, Math.Floor(Math.Log10(slowest))); ticks.Count < 2 || ticks[^1] < fastest; decade *= 10)
        {
            foreach (var step in (ReadOnlySpan<int>)[1, 2, 5])
            {
                var tick = decade * step;
                if (ticks.Count == 1 && tick <= slowest)
                    ticks[0] = tick;
                else if (ticks.Count < 2 || ticks[^1] < fastest)
                    ticks.Add(tick);
            }
        }

        return ticks;
    }
}
