using Rag.Engine.Filters;

namespace Rag.Engine.Tests.Filters;

/// <summary>Evaluates filters value by value, and makes random metadata and filters.</summary>
internal static class FilterModel
{
    private static readonly string[] Keys = ["a", "b", "c"];
    private static readonly string[] Words = ["", "x", "y", "yy", "é", "😀", "\uFFFD"];
    private static readonly double[] Floats =
        [double.NegativeInfinity, -2.5, -0.0, 0.0, 1e-300, 2.5, double.PositiveInfinity];

    public static bool Accepts(FilterExpression filter, IReadOnlyDictionary<string, MetadataValue> metadata) =>
        filter switch
    {
        FilterExpression.And and => and.Operands.All(operand => Accepts(operand, metadata)),
        FilterExpression.Or or => or.Operands.Any(operand => Accepts(operand, metadata)),
        FilterExpression.Not not => !Accepts(not.Operand, metadata),
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
        switch (random.Next(depth > 3 ? 4 : 7))
        {
            case 0:
                return new FilterExpression.Equal(key, RandomValue(random, kind, false));
            case 1:
                return new FilterExpression.In(key, RandomValue(random, kind, true));
            case 2:
                if (kind == MetadataKind.Boolean)
                    kind = MetadataKind.Integer;
                MetadataValue? lower = random.Next(3) == 0 ? null : RandomValue(random, kind, false);
                MetadataValue? upper = lower is not null && random.Next(3) == 0 ? null
                    : RandomValue(random, kind, false);
                return new FilterExpression.Range(key, lower, random.Next(2) == 0, upper, random.Next(2) == 0);
            case 3:
                return new FilterExpression.Exists(key);
            case 4:
                return new FilterExpression.And(
                    [.. Enumerable.Range(0, random.Next(4)).Select(_ => RandomFilter(random, depth + 1))]);
            case 5:
                return new FilterExpression.Or(
                    [.. Enumerable.Range(0, random.Next(4)).Select(_ => RandomFilter(random, depth + 1))]);
            default:
                return new FilterExpression.Not(RandomFilter(random, depth + 1));
        }
    }

    private static MetadataKind RandomKind(Random random) => (MetadataKind)random.Next(1, 6);

    private static MetadataValue RandomValue(Random random, MetadataKind kind, bool isList)
    {
        var count = isList ? random.Next(4) : 1;
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
        _ => left.AsTimestamp(i).CompareTo(right.AsTimestamp(j)),
    };
}
