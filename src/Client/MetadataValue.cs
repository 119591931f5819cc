using Google.Protobuf.WellKnownTypes;
using Rag.V1;
using Value = Rag.V1.Value;

namespace Rag.Client;

/// <summary>Typed metadata values from and to plain C# ones.</summary>
public static class MetadataValue
{
    public static Value Of(string value) => new() { StringValue = value };

    public static Value Of(long value) => new() { IntegerValue = value };

    public static Value Of(double value) => new() { FloatValue = value };

    public static Value Of(bool value) => new() { BoolValue = value };

    /// <summary>Kept in UTC, to the microsecond.</summary>
    public static Value Of(DateTimeOffset value) => new() { TimestampValue = Timestamp.FromDateTimeOffset(value) };

    /// <summary>A place, kept to 1e-7 degrees.</summary>
    /// <param name="latitude">Degrees north, −90 to 90.</param>
    /// <param name="longitude">Degrees east, −180 to 180.</param>
    public static Value Place(double latitude, double longitude) =>
        new() { GeoValue = new GeoPoint { Latitude = latitude, Longitude = longitude } };

    public static Value Of(IEnumerable<string> values) => new() { StringList = new StringList { Values = { values } } };

    public static Value Of(IEnumerable<long> values) => new() { IntegerList = new IntegerList { Values = { values } } };

    public static Value Of(IEnumerable<double> values) => new() { FloatList = new FloatList { Values = { values } } };

    public static Value Of(IEnumerable<bool> values) => new() { BoolList = new BoolList { Values = { values } } };

    public static Value Of(IEnumerable<DateTimeOffset> values) => new()
    {
        TimestampList = new TimestampList { Values = { values.Select(Timestamp.FromDateTimeOffset) } },
    };

    /// <summary>string, long, double, bool, DateTimeOffset, GeoPoint, a list of one of these, or null for an empty
    /// message.</summary>
    public static object? ToObject(this Value value) => value.KindCase switch
    {
        Value.KindOneofCase.StringValue => value.StringValue,
        Value.KindOneofCase.IntegerValue => value.IntegerValue,
        Value.KindOneofCase.FloatValue => value.FloatValue,
        Value.KindOneofCase.BoolValue => value.BoolValue,
        Value.KindOneofCase.TimestampValue => value.TimestampValue.ToDateTimeOffset(),
        Value.KindOneofCase.StringList => value.StringList.Values.ToArray(),
        Value.KindOneofCase.IntegerList => value.IntegerList.Values.ToArray(),
        Value.KindOneofCase.FloatList => value.FloatList.Values.ToArray(),
        Value.KindOneofCase.BoolList => value.BoolList.Values.ToArray(),
        Value.KindOneofCase.TimestampList => value.TimestampList.Values.Select(t => t.ToDateTimeOffset()).ToArray(),
        Value.KindOneofCase.GeoValue => value.GeoValue,
        Value.KindOneofCase.GeoList => value.GeoList.Values.ToArray(),
        _ => null,
    };
}
