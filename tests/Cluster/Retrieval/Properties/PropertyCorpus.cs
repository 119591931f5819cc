using Google.Protobuf.WellKnownTypes;
using Rag.V1;
using Value = Rag.V1.Value;

namespace Rag.Cluster.Tests.Retrieval.Properties;

/// <summary>Seeded chunks with metadata of every type, and random filters over them.</summary>
internal static class PropertyCorpus
{
    private static readonly string[] Keys = ["color", "year", "price", "flag", "day", "place", "mixed"];
    private static readonly string[] Words = ["red", "green", "blue", "", "é"];
    private static readonly double[] Numbers = [-2.5, 0, 0.25, 7, 1e9];

    public static List<Chunk> Make(int count, int documents, int seed)
    {
        var random = new Random(seed);
        var chunks = SampleChunks.Make(count, documents, seed);
        foreach (var chunk in chunks)
        {
            chunk.Metadata.Clear();
            foreach (var key in Keys)
            {
                if (random.Next(4) > 0)
                    chunk.Metadata[key] = RandomValue(random, KindOf(key, random), isList: random.Next(4) == 0);
            }
        }

        return chunks;
    }

    /// <summary>A filter that the limits allow and that means something.</summary>
    public static Filter RandomFilter(Random random, int depth = 0)
    {
        var key = Keys[random.Next(Keys.Length)];
        var kind = KindOf(key, random);
        switch (random.Next(depth > 2 ? 6 : 9))
        {
            case 0:
                return new Filter { Equal = new EqualFilter { Key = key, Value = RandomValue(random, kind, false) } };
            case 1:
                return new Filter { In = new InFilter { Key = key, Values = { Some(random, kind, random.Next(4)) } } };
            case 2:
                return new Filter { ContainsAll = new ContainsAllFilter { Key = key, Values = { Some(random, kind, random.Next(1, 3)) } } };
            case 3:
                return new Filter { Exists = new ExistsFilter { Key = key } };
            case 4:
                var (south, west) = (random.Next(-3, 3), random.Next(-3, 4));
                return new Filter
                {
                    GeoBox = new GeoBoxFilter
                    {
                        Key = "place", SouthWest = new GeoPoint { Latitude = south, Longitude = west },
                        NorthEast = new GeoPoint { Latitude = south + random.Next(3), Longitude = random.Next(-3, 4) },
                    },
                };
            case 5:
                return Range(random, key, kind is Value.KindOneofCase.BoolValue or Value.KindOneofCase.GeoValue ? Value.KindOneofCase.IntegerValue : kind);
            case 6:
                return new Filter { Not = RandomFilter(random, depth + 1) };
            case 7:
                return new Filter { All = List(random, depth) };
            default:
                return new Filter { Any = List(random, depth) };
        }
    }

    /// <summary>The single values under a value.</summary>
    public static IEnumerable<object> ElementsOf(Value value) => value.KindCase switch
    {
        Value.KindOneofCase.StringValue => [value.StringValue],
        Value.KindOneofCase.IntegerValue => [value.IntegerValue],
        Value.KindOneofCase.FloatValue => [value.FloatValue],
        Value.KindOneofCase.BoolValue => [value.BoolValue],
        Value.KindOneofCase.TimestampValue => [value.TimestampValue.ToDateTime()],
        Value.KindOneofCase.GeoValue => [value.GeoValue],
        Value.KindOneofCase.StringList => value.StringList.Values,
        Value.KindOneofCase.IntegerList => value.IntegerList.Values.Cast<object>(),
        Value.KindOneofCase.FloatList => value.FloatList.Values.Cast<object>(),
        Value.KindOneofCase.BoolList => value.BoolList.Values.Cast<object>(),
        Value.KindOneofCase.TimestampList => value.TimestampList.Values.Select(time => (object)time.ToDateTime()),
        _ => value.GeoList.Values,
    };

    /// <summary>A single value, or up to three in a list; all lie on a coarse grid, so that they often meet.</summary>
    public static Value RandomValue(Random random, Value.KindOneofCase kind, bool isList)
    {
        var count = random.Next(4);
        return (kind, isList) switch
        {
            (Value.KindOneofCase.StringValue, false) => new Value { StringValue = Words[random.Next(Words.Length)] },
            (Value.KindOneofCase.StringValue, true) => new Value { StringList = new StringList { Values = { Many(count, () => Words[random.Next(Words.Length)]) } } },
            (Value.KindOneofCase.IntegerValue, false) => new Value { IntegerValue = random.Next(-3, 4) },
            (Value.KindOneofCase.IntegerValue, true) => new Value { IntegerList = new IntegerList { Values = { Many(count, () => (long)random.Next(-3, 4)) } } },
            (Value.KindOneofCase.FloatValue, false) => new Value { FloatValue = Numbers[random.Next(Numbers.Length)] },
            (Value.KindOneofCase.FloatValue, true) => new Value { FloatList = new FloatList { Values = { Many(count, () => Numbers[random.Next(Numbers.Length)]) } } },
            (Value.KindOneofCase.BoolValue, false) => new Value { BoolValue = random.Next(2) == 0 },
            (Value.KindOneofCase.BoolValue, true) => new Value { BoolList = new BoolList { Values = { Many(count, () => random.Next(2) == 0) } } },
            (Value.KindOneofCase.TimestampValue, false) => new Value { TimestampValue = Time(random) },
            (Value.KindOneofCase.TimestampValue, true) => new Value { TimestampList = new TimestampList { Values = { Many(count, () => Time(random)) } } },
            (_, false) => new Value { GeoValue = Place(random) },
            _ => new Value { GeoList = new GeoPointList { Values = { Many(count, () => Place(random)) } } },
        };
    }

    private static Filter Range(Random random, string key, Value.KindOneofCase kind)
    {
        var range = new RangeFilter { Key = key };
        var sides = random.Next(1, 4);
        var (lower, upper) = (RandomValue(random, kind, false), RandomValue(random, kind, false));
        if ((sides & 1) != 0 && random.Next(2) == 0)
            range.GreaterThan = lower;
        else if ((sides & 1) != 0)
            range.AtLeast = lower;
        if ((sides & 2) != 0 && random.Next(2) == 0)
            range.LessThan = upper;
        else if ((sides & 2) != 0)
            range.AtMost = upper;
        return new Filter { Range = range };
    }

    private static Value.KindOneofCase KindOf(string key, Random random) => key switch
    {
        "color" => Value.KindOneofCase.StringValue,
        "year" => Value.KindOneofCase.IntegerValue,
        "price" => Value.KindOneofCase.FloatValue,
        "flag" => Value.KindOneofCase.BoolValue,
        "day" => Value.KindOneofCase.TimestampValue,
        "place" => Value.KindOneofCase.GeoValue,
        _ => (Value.KindOneofCase)random.Next(1, 6),
    };

    // All of one type, as the limits say.
    private static IEnumerable<Value> Some(Random random, Value.KindOneofCase kind, int count) =>
        Many(count, () => RandomValue(random, kind, false));

    private static FilterList List(Random random, int depth) =>
        new() { Filters = { Many(random.Next(4), () => RandomFilter(random, depth + 1)) } };

    private static Timestamp Time(Random random) =>
        Timestamp.FromDateTime(new DateTime(2024, 1, 1 + random.Next(5), 0, 0, 0, DateTimeKind.Utc));

    private static GeoPoint Place(Random random) => new() { Latitude = random.Next(-3, 4), Longitude = random.Next(-3, 4) };

    private static List<T> Many<T>(int count, Func<T> make) => [.. Enumerable.Range(0, count).Select(_ => make())];
}
