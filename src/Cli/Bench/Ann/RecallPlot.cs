using System.Globalization;
using System.Xml.Linq;

namespace Rag.Cli.Bench.Ann;

/// <summary>
/// Speed over recall as an SVG picture: a line for each engine through the efforts that were tried, upper right is
/// better. Colours follow the reader's light or dark theme; engines differ by marker too.
/// </summary>
internal static class RecallPlot
{
    private const int Width = 860;
    private const int Height = 520;
    private const int Left = 84;
    private const int Top = 68;
    private const int PlotWidth = 580;
    private const int PlotHeight = 384;
    private const int LegendLeft = Left + PlotWidth + 28;

    private const string Style = """
        svg { font-family: system-ui, -apple-system, "Segoe UI", sans-serif; font-size: 13px; }
        .paper { fill: #ffffff; } .grid { stroke: #e3e5e8; } .axis { stroke: #8a9099; }
        text { fill: #3c424b; } .title { fill: #15181d; font-size: 16px; font-weight: 600; }
        .line { fill: none; stroke-width: 2; stroke-linejoin: round; } .ours .line { stroke-width: 3.5; }
        .ours text { font-weight: 600; }
        .c0 { color: #1f6fd0; } .c1 { color: #cf5a1e; } .c2 { color: #12876a; }
        .c3 { color: #7b52c8; } .c4 { color: #9a7400; } .c5 { color: #bb3872; }
        .line { stroke: currentColor; } .mark { fill: currentColor; }
        @media (prefers-color-scheme: dark) {
          .paper { fill: #14171c; } .grid { stroke: #2b3038; } .axis { stroke: #79818d; }
          text { fill: #c4cad3; } .title { fill: #f2f4f7; }
          .c0 { color: #5aa2ff; } .c1 { color: #ff9359; } .c2 { color: #3ccfa4; }
          .c3 { color: #b79bff; } .c4 { color: #e3bb47; } .c5 { color: #ff83b4; }
        }
        """;

    private static readonly XNamespace Svg = "http://www.w3.org/2000/svg";

    /// <param name="path">The file; it is replaced.</param>
    /// <param name="title">Data and question in a line.</param>
    /// <param name="contestants">Engines; those without a measured point that can be shown are left out.</param>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Write(string path, string title, IReadOnlyList<Contestant> contestants)
    {
        var shown = contestants
            .Where(contestant => contestant.Curve.Any(point => point.Recall >= PlotScale.WidestRecall)).ToList();
        var scale = new PlotScale([.. shown.SelectMany(contestant => contestant.Curve)], Left, Top, PlotWidth, PlotHeight);
        var root = new XElement(Svg + "svg",
            new XAttribute("viewBox", $"0 0 {Width} {Height}"), new XAttribute("width", Width),
            new XAttribute("height", Height), new XAttribute("role", "img"),
            new XElement(Svg + "title", title),
            new XElement(Svg + "style", Style),
            new XElement(Svg + "rect", Class("paper"), new XAttribute("width", Width), new XAttribute("height", Height)),
            Text(Left, 30, title, "start", "title"),
            Text(Left, 50, BenchMachine.Describe(), "start"),
            Grid(scale),
            Text(Left + PlotWidth / 2.0, Top + PlotHeight + 46, "recall", "middle"),
            VerticalText(20, Top + PlotHeight / 2.0, "queries a second (logarithmic)"),
            shown.Select((contestant, i) => Series(contestant, i, scale)));
        new XDocument(root).Save(path);
    }

    private static IEnumerable<XElement> Grid(PlotScale scale)
    {
        foreach (var recall in scale.RecallTicks)
        {
            yield return Line(scale.X(recall), Top, scale.X(recall), Top + PlotHeight, "grid");
            yield return Text(scale.X(recall), Top + PlotHeight + 20, recall.ToString("0.00", CultureInfo.InvariantCulture), "middle");
        }

        foreach (var speed in scale.SpeedTicks)
        {
            yield return Line(Left, scale.Y(speed), Left + PlotWidth, scale.Y(speed), "grid");
            yield return Text(Left - 10, scale.Y(speed) + 4, speed.ToString("N0", CultureInfo.InvariantCulture), "end");
        }

        yield return Line(Left, Top, Left, Top + PlotHeight, "axis");
        yield return Line(Left, Top + PlotHeight, Left + PlotWidth, Top + PlotHeight, "axis");
    }

    private static XElement Series(Contestant contestant, int index, PlotScale scale)
    {
        var points = contestant.Curve.Where(point => point.Recall >= scale.LowestRecall).OrderBy(point => point.Effort)
            .Select(point => (X: scale.X(point.Recall), Y: scale.Y(point.QueriesPerSecond), Point: point)).ToList();
        var legendY = Top + 12 + index * 24;
        return new XElement(Svg + "g", Class($"c{index % 6}{(index == 0 ? " ours" : "")}"),
            new XElement(Svg + "polyline", Class("line"), new XAttribute(
                "points", string.Join(' ', points.Select(point => $"{PlotScale.Text(point.X)},{PlotScale.Text(point.Y)}")))),
            points.Select(point => Mark(index, point.X, point.Y, string.Create(CultureInfo.InvariantCulture,
                $"{contestant.Name}: recall {point.Point.Recall:0.0000}, {point.Point.QueriesPerSecond:N0} q/s at effort {point.Point.Effort}"))),
            Line(LegendLeft, legendY, LegendLeft + 26, legendY, "line"),
            Mark(index, LegendLeft + 13, legendY, null),
            Text(LegendLeft + 36, legendY + 4, contestant.Name, "start"));
    }

    // Circle, square, upright triangle, diamond, inverted triangle, bar: told apart without colour.
    private static XElement Mark(int index, double x, double y, string? hint)
    {
        XElement Polygon(params (double X, double Y)[] corners) => new(Svg + "polygon", Class("mark"), new XAttribute(
            "points", string.Join(' ', corners.Select(c => $"{PlotScale.Text(x + c.X)},{PlotScale.Text(y + c.Y)}"))));
        var mark = (index % 6) switch
        {
            0 => new XElement(Svg + "circle", Class("mark"), new XAttribute("cx", PlotScale.Text(x)),
                new XAttribute("cy", PlotScale.Text(y)), new XAttribute("r", 4.5)),
            1 => Polygon((-4, -4), (4, -4), (4, 4), (-4, 4)),
            2 => Polygon((0, -5), (5, 4), (-5, 4)),
            3 => Polygon((0, -5.5), (5.5, 0), (0, 5.5), (-5.5, 0)),
            4 => Polygon((0, 5), (5, -4), (-5, -4)),
            _ => Polygon((-2, -5.5), (2, -5.5), (2, 5.5), (-2, 5.5)),
        };
        if (hint is not null)
            mark.Add(new XElement(Svg + "title", hint));
        return mark;
    }

    private static XElement Line(double x1, double y1, double x2, double y2, string type) => new(Svg + "line", Class(type),
        new XAttribute("x1", PlotScale.Text(x1)), new XAttribute("y1", PlotScale.Text(y1)),
        new XAttribute("x2", PlotScale.Text(x2)), new XAttribute("y2", PlotScale.Text(y2)));

    private static XElement Text(double x, double y, string text, string anchor, string? type = null) => new(Svg + "text",
        new XAttribute("x", PlotScale.Text(x)), new XAttribute("y", PlotScale.Text(y)), new XAttribute("text-anchor", anchor),
        type is null ? null : Class(type), text);

    private static XElement VerticalText(double x, double y, string text)
    {
        var element = Text(x, y, text, "middle");
        element.Add(new XAttribute("transform", $"rotate(-90 {PlotScale.Text(x)} {PlotScale.Text(y)})"));
        return element;
    }

    private static XAttribute Class(string name) => new("class", name);
}
