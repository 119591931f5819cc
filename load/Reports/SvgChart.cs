using System.Globalization;
using System.Net;
using System.Text;

namespace Rag.Load.Reports;

/// <summary>A chart of lines as SVG, drawn by us so that a report is one file without a script.</summary>
internal sealed class SvgChart(string title, string xLabel, string yLabel, bool isLogY)
{
    private const int Width = 860;
    private const int Height = 300;
    private const int Left = 72;
    private const int Bottom = 44;
    private const int Top = 34;
    private const int Right = 150;
    private static readonly string[] Colors = ["#2f6fb5", "#c2542d", "#3d8a4f", "#8156a8", "#a98514", "#5b6770", "#c23b72", "#1a8a93"];

    private readonly List<(string Name, List<(double X, double Y)> Points)> _lines = [];

    /// <summary>Marks on the x axis; without any, numbers.</summary>
    public List<(double X, string Text)> Marks { get; } = [];

    public void Add(string name, IEnumerable<(double X, double Y)> points) => _lines.Add((name, [.. points]));

    public string ToSvg()
    {
        var points = _lines.SelectMany(line => line.Points).ToList();
        var (minX, maxX) = points.Count == 0 ? (0, 1) : (points.Min(point => point.X), points.Max(point => point.X));
        var maxY = Math.Max(isLogY ? 1e-3 : 1, points.Select(point => point.Y).DefaultIfEmpty().Max());
        var minY = isLogY ? Math.Max(1e-3, points.Where(point => point.Y > 0).Select(point => point.Y).DefaultIfEmpty(1e-3).Min()) : 0;
        if (maxX <= minX)
            maxX = minX + 1;
        if (maxY <= minY)
            maxY = minY * 2 + 1e-3;
        double X(double x) => Left + (x - minX) / (maxX - minX) * (Width - Left - Right);
        double Y(double y) => Top + (1 - Share(Math.Max(y, minY), minY, maxY)) * (Height - Top - Bottom);
        var svg = new StringBuilder();
        svg.Append(Invariant($"<svg viewBox=\"0 0 {Width} {Height}\" role=\"img\" aria-label=\"{WebUtility.HtmlEncode(title)}\">"));
        svg.Append(Invariant($"<text x=\"{Left}\" y=\"18\" class=\"t\">{WebUtility.HtmlEncode(title)}</text>"));
        foreach (var tick in Ticks(minY, maxY))
        {
            svg.Append(Invariant($"<line x1=\"{Left}\" x2=\"{Width - Right}\" y1=\"{Y(tick):0.0}\" y2=\"{Y(tick):0.0}\" class=\"g\"/>"));
            svg.Append(Invariant($"<text x=\"{Left - 6}\" y=\"{Y(tick) + 4:0.0}\" class=\"y\">{tick:#,0.###}</text>"));
        }

        var marks = Marks.Count > 0 ? Marks : [.. Enumerable.Range(0, 6).Select(i => minX + (maxX - minX) * i / 5)
            .Select(x => (x, x.ToString("0.#", CultureInfo.InvariantCulture)))];
        foreach (var (x, text) in marks)
            svg.Append(Invariant($"<text x=\"{X(x):0.0}\" y=\"{Height - Bottom + 18}\" class=\"x\">{text}</text>"));
        svg.Append(Invariant($"<text x=\"{(Left + Width - Right) / 2}\" y=\"{Height - 6}\" class=\"x\">{WebUtility.HtmlEncode(xLabel)}</text>"));
        var middle = Top + (Height - Top - Bottom) / 2;
        svg.Append(Invariant(
            $"<text x=\"14\" y=\"{middle}\" class=\"l\" transform=\"rotate(-90 14 {middle})\">{WebUtility.HtmlEncode(yLabel)}</text>"));
        for (var i = 0; i < _lines.Count; i++)
        {
            var color = Colors[i % Colors.Length];
            var path = string.Join(" ", _lines[i].Points.Select(point => Invariant($"{X(point.X):0.0},{Y(point.Y):0.0}")));
            svg.Append(Invariant($"<polyline points=\"{path}\" fill=\"none\" stroke=\"{color}\" stroke-width=\"2\"/>"));
            svg.Append(Invariant($"<rect x=\"{Width - Right + 12}\" y=\"{Top + 18 * i}\" width=\"12\" height=\"3\" fill=\"{color}\"/>"));
            svg.Append(Invariant($"<text x=\"{Width - Right + 30}\" y=\"{Top + 18 * i + 6}\" class=\"k\">{WebUtility.HtmlEncode(_lines[i].Name)}</text>"));
        }

        return svg.Append("</svg>").ToString();
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private double Share(double y, double min, double max) =>
        isLogY ? (Math.Log(y) - Math.Log(min)) / (Math.Log(max) - Math.Log(min)) : (y - min) / (max - min);

    private IEnumerable<double> Ticks(double min, double max)
    {
        if (isLogY)
        {
            for (var tick = Math.Pow(10, Math.Floor(Math.Log10(min))); tick <= max * 1.001; tick *= 10)
            {
                if (tick >= min * 0.999)
                    yield return tick;
            }

            yield break;
        }

        var step = Math.Pow(10, Math.Floor(Math.Log10(max)));
        step = max / step < 2 ? step / 5 : max / step < 5 ? step / 2 : step;
        for (var tick = 0.0; tick <= max * 1.001; tick += step)
            yield return tick;
    }
}
