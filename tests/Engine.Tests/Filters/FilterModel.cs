using Rag.Engine.Filters;
using Rag.Engine.Slices;
using Rag.Engine.Sparse;

namespace Rag.Engine.Tests.Filters;

/// <summary>Evaluates filters value by value, and makes random metadata and filters.</summary>
internal static class FilterModel
{
    private static readonly string[] Keys = ["a", "b", "c"];
    private static readonly string[] Words = ["", "x", "y", "yy", "é", "x y", "\uFFFD"];
    private static readonly double[] Floats =
        [double.NegativeInfinity, -2.5, -0.0, 0.0, 1e-300, 2.5, double.PositiveInfinity];

    private static readonly GeoPoint[] Places =
    [
        new(0, 0), new(0.0000001, 0), new(52.52, 13.405), new(90, 17), new(-33.9, 180), new(-33.9, -180), new(-33.8, -179.9),
    ];

    /// <summary>Texts of a slice that has none.</summary>
    public static SliceText NoTexts { get; } = new(new AnalysisOptions());

    /// <param name="filter">What to evaluate.</param>
    /// <param name="metadata">What a chunk has.</param>
    /// <param name="text">Words that are lower case and without endings, between single spaces.</param>
    public static bool Accepts(
        FilterExpression filter, IReadOnlyDictionary<string, MetadataValue> metadata, string text = "") =>
        filter switch
    {
        FilterExpression.ContainsAll all => Enumerable.Range(0, all.Values.Count).All(j =>
            Any(metadata, all.Key, all.Values.Kind, (value, i) => Compare(value, i, all.Values, j) == 0)),
        FilterExpression.Match { Key: "" } match => Matches(text, match),
        FilterExpression.Match match =>
            Any(metadata, match.Key, MetadataKind.String, (value, i) => Matches(value.AsString(i), match)),
        FilterExpression.GeoRadius radius => Any(metadata, radius.Key, MetadataKind.Location,
            (value, i) => Meters(value.AsLocation(i), radius.Center) <= radius.Meters),
        FilterExpression.GeoBox box => Any(metadata, box.Key, MetadataKind.Location,
            (value, i) => IsIn(box, value.AsLocation(i))),
        FilterExpression.And and => and.Operands.All(operand => Accepts(operand, metadata, text)),
        FilterExpression.Or or => or.Operands.Any(operand => Accepts(operand, metadata, text)),
        FilterExpression.Not not => !Accepts(not.Operand, metadata, text),
        FilterExpression.Exists exists => metadata.TryGetValue(exists.Key, out var value) && value.Count > 0,
        FilterExpression.Equal equal =>
            Any(metadata, equal.Key, equal.Value.Kind, (value, i) => Compare(value, i, equal.Value, 0) == 0),
        FilterExpression.In @in => Enumerable.Range(0, @in.Values.Count).Any(j =>
            Any(metadata, @in.Key, @in.Values.Kind, (value, i) => Compare(value, i, @in.Values, j) == 0)),
        FilterExpression.Range range => Any(metadata, range.Key, (range.Lower ?? range.Upper)!.Value.Kind, (value, i) =>
            (range.Lower is not { } lower || Compare(value, i, lower, 0) is var low
                && (low > 0 || (low == 0 && range.LowerInclusive)))
            && (range.Upper is not { } upper || Compare(value, i, upper, 0) is var high
                && (high < 0 || (high == 0 && range.UpperInclusive)))),
        _ => throw new ArgumentException("No such filter."),
    };

    public static Dictionary<string, MetadataValue> RandomMetadata(Random random)
    {
        var metadata = new Dictionary<string, MetadataValue>();
        foreach (var key in Keys)
        {
            if (random.Next(4) > 0)
                metadata[key] = RandomValue(random, RandomKind(random), random.Next(4) == 0);
        }

        return metadata;
    }

    public static FilterExpression RandomFilter(Random random, int depth = 0)
    {
        var key = Keys[random.Next(Keys.Length)];
        var kind = RandomKind(random);
        switch (random.Next(depth > 3 ? 8 : 11))
        {
            case 0:
                return new FilterExpression.Equal(key, RandomValue(random, kind, false));
            case 1:
                return new FilterExpression.In(key, RandomValue(random, kind, true));
            case 2:
                if (kind is MetadataKind.Boolean or MetadataKind.Location)
                    kind = MetadataKind.Integer;
                MetadataValue? lower = random.Next(3) == 0 ? null : RandomValue(random, kind, false);
                MetadataValue? upper = lower is not null && random.Next(3) == 0 ? null
                    : RandomValue(random, kind, false);
                return new FilterExpression.Range(key, lower, random.Next(2) == 0, upper, random.Next(2) == 0);
            case 3:
                return new FilterExpression.Exists(key);
            case 4:
                return new FilterExpression.ContainsAll(key, RandomValue(random, kind, true, 1));
            case 5:
                var words = Enumerable.Range(0, random.Next(1, 3)).Select(_ => Words[random.Next(1, Words.Length)]);
                return new FilterExpression.Match(
                    random.Next(2) == 0 ? "" : key, string.Join(' ', words), random.Next(2) == 0);
            case 6:
                return new FilterExpression.GeoRadius(key, Places[random.Next(Places.Length)],
                    new[] { 0.001, 1, 20_000, 1e6, 1.1e7, 2.01e7 }[random.Next(6)]);
            case 7:
                var (south, north) = (random.Next(-90, 91), random.Next(-90, 91));
                return new FilterExpression.GeoBox(
                    key, Math.Min(south, north), random.Next(-18, 19) * 10, Math.Max(south, north), random.Next(-18, 19) * 10);
            case 8:
                return new FilterExpression.And(
                    [.. Enumerable.Range(0, random.Next(4)).Select(_ => RandomFilter(random, depth + 1))]);
            case 9:
                return new FilterExpression.Or(
                    [.. Enumerable.Range(0, random.Next(4)).Select(_ => RandomFilter(random, depth + 1))]);
            default:
                return new FilterExpression.Not(RandomFilter(random, depth + 1));
        }
    }

    private static MetadataKind RandomKind(Random random) => (MetadataKind)random.Next(1, 7);

    private static MetadataValue RandomValue(Random random, MetadataKind kind, bool isList, int least = 0)
    {
        var count = isList ? random.Next(least, 4) : 1;
        var picks = Enumerable.Range(0, count).Select(_ => random.Next(7)).ToArray();
        return (kind, isList) switch
        {
            (MetadataKind.String, true) => MetadataValue.List(picks.Select(i => Words[i])),
            (MetadataKind.String, _) => MetadataValue.Of(Words[picks[0]]),
            (MetadataKind.Integer, true) => MetadataValue.List(picks.Select(Integer)),
            (MetadataKind.Integer, _) => MetadataValue.Of(Integer(picks[0])),
            (MetadataKind.Float, true) => MetadataValue.List(picks.Select(i => Floats[i])),
            (MetadataKind.Float, _) => MetadataValue.Of(Floats[picks[0]]),
            (MetadataKind.Boolean, true) => MetadataValue.List(picks.Select(i => i % 2 == 0)),
            (MetadataKind.Boolean, _) => MetadataValue.Of(picks[0] % 2 == 0),
            (MetadataKind.Location, true) => MetadataValue.List(picks.Select(i => Places[i])),
            (MetadataKind.Location, _) => MetadataValue.Of(Places[picks[0]]),
            (_, true) => MetadataValue.List(picks.Select(Time)),
            _ => MetadataValue.Of(Time(picks[0])),
        };
    }

    private static long Integer(int pick) => pick switch { 0 => long.MinValue, 6 => long.MaxValue, _ => pick - 3 };

    private static DateTimeOffset Time(int pick) => pick switch
    {
        0 => DateTimeOffset.MinValue, 6 => DateTimeOffset.MaxValue, _ => DateTimeOffset.UnixEpoch.AddTicks(pick),
    };

    private static bool Any(
        IReadOnlyDictionary<string, MetadataValue> metadata, string key, MetadataKind kind, Func<MetadataValue, int,
            bool> test) =>
        metadata.TryGetValue(key, out var value) && value.Kind == kind && Enumerable.Range(0, value.Count)
            .Any(i => test(value, i));

    private static int Compare(MetadataValue left, int i, MetadataValue right, int j) => left.Kind switch
    {
        MetadataKind.String => ChunkKey.CompareBytewise(left.AsString(i), right.AsString(j)),
        MetadataKind.Integer => left.AsInteger(i).CompareTo(right.AsInteger(j)),
        MetadataKind.Float => left.AsFloat(i) < right.AsFloat(j) ? -1 : left.AsFloat(i) > right.AsFloat(j) ? 1 : 0,
        MetadataKind.Boolean => left.AsBoolean(i).CompareTo(right.AsBoolean(j)),
        MetadataKind.Location => left.AsLocation(i) == right.AsLocation(j) ? 0 : 1,
        _ => left.AsTimestamp(i).CompareTo(right.AsTimestamp(j)),
    };

    private static bool Matches(string text, FilterExpression.Match match)
    {
        var has = WordsOf(text);
        var wanted = WordsOf(match.Text);
        return wanted.Count > 0 && (match.AllWords ? wanted.All(has.Contains) : wanted.Any(has.Contains));
    }

    // Accents do not count; what is no letter is no word.
    private static HashSet<string> WordsOf(string text) =>
        [.. text.Replace('é', 'e').Split(' ').Where(word => word.Length > 0 && char.IsLetter(word[0]))];

    // By the angle between two directions, unlike the engine's haversine.
    private static double Meters(GeoPoint left, GeoPoint right)
    {
        var (a, b) = (Direction(left), Direction(right));
        var cross = new[] { a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0] };
        return 6_371_008.8 * Math.Atan2(
            Math.Sqrt(cross.Sum(part => part * part)), a[0] * b[0] + a[1] * b[1] + a[2] * b[2]);
    }

    private static double[] Direction(GeoPoint place)
    {
        var (latitude, longitude) = (place.Latitude * Math.PI / 180, place.Longitude * Math.PI / 180);
        return [Math.Cos(latitude) * Math.Cos(longitude), Math.Cos(latitude) * Math.Sin(longitude), Math.Sin(latitude)];
    }

    private static bool IsIn(FilterExpression.GeoBox box, GeoPoint place)
    {
        if (place.Latitude < box.South || place.Latitude > box.North)
            return false;
        // Counted eastward from the western edge, all the way around the earth.
        var width = box.West <= box.East ? box.East - box.West : box.East - box.West + 360;
        return new[] { -360, 0, 360 }.Any(turn =>
            place.Longitude - box.West + turn is var east && east >= -1e-9 && east <= width + 1e-9);
    }
}
