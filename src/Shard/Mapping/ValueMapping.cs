using Google.Protobuf.Collections;
using Google.Protobuf.WellKnownTypes;
using Rag.Engine;
using Rag.V1;
using GeoPoint = Rag.V1.GeoPoint;
using Value = Rag.V1.Value;

namespace Rag.Shard.Mapping;

/// <summary>Metadata between the protos and the engine.</summary>
internal static class ValueMapping
{
    /// <exception cref="InvalidInputException">A value has no kind, or a moment that does not exist.</exception>
    public static IReadOnlyDictionary<string, MetadataValue> ToMetadata(MapField<string, Value> metadata)
    {
        if (metadata.Count == 0)
            return System.Collections.Immutable.ImmutableDictionary<string, MetadataValue>.Empty;
        var values = new Dictionary<string, MetadataValue>(metadata.Count, StringComparer.Ordinal);
        foreach (var (key, value) in metadata)
            values.Add(key, ToEngine(value, key));
        return values;
    }

    public static MetadataValue ToEngine(Value value, string key) => value.KindCase switch
    {
        Value.KindOneofCase.StringValue => MetadataValue.Of(value.StringValue),
        Value.KindOneofCase.IntegerValue => MetadataValue.Of(value.IntegerValue),
        Value.KindOneofCase.FloatValue => MetadataValue.Of(value.FloatValue),
        Value.KindOneofCase.BoolValue => MetadataValue.Of(value.BoolValue),
        Value.KindOneofCase.TimestampValue => MetadataValue.Of(ToMoment(value.TimestampValue, key)),
        Value.KindOneofCase.StringList => MetadataValue.List(value.StringList.Values),
        Value.KindOneofCase.IntegerList => MetadataValue.List(value.IntegerList.Values),
        Value.KindOneofCase.FloatList => MetadataValue.List(value.FloatList.Values),
        Value.KindOneofCase.BoolList => MetadataValue.List(value.BoolList.Values),
        Value.KindOneofCase.TimestampList =>
            MetadataValue.List(value.TimestampList.Values.Select(moment => ToMoment(moment, key))),
        Value.KindOneofCase.GeoValue => MetadataValue.Of(ToPlace(value.GeoValue, key)),
        Value.KindOneofCase.GeoList => MetadataValue.List(value.GeoList.Values.Select(place => ToPlace(place, key))),
        _ => throw new InvalidInputException($"Give the value under '{key}' a kind; it has none."),
    };

    public static void AddTo(MapField<string, Value> target, IReadOnlyDictionary<string, MetadataValue>? metadata)
    {
        if (metadata is null)
            return;
        foreach (var (key, value) in metadata)
            target.Add(key, ToProto(value));
    }

    private static Value ToProto(MetadataValue value) => value.IsList ? ToProtoList(value) : value.Kind switch
    {
        MetadataKind.String => new Value { StringValue = value.AsString() },
        MetadataKind.Integer => new Value { IntegerValue = value.AsInteger() },
        MetadataKind.Float => new Value { FloatValue = value.AsFloat() },
        MetadataKind.Boolean => new Value { BoolValue = value.AsBoolean() },
        MetadataKind.Location => new Value { GeoValue = ToProto(value.AsLocation()) },
        _ => new Value { TimestampValue = value.AsTimestamp().ToTimestamp() },
    };

    private static Value ToProtoList(MetadataValue value)
    {
        var indices = Enumerable.Range(0, value.Count);
        return value.Kind switch
        {
            MetadataKind.String => new Value { StringList = new() { Values = { indices.Select(value.AsString) } } },
            MetadataKind.Integer => new Value { IntegerList = new() { Values = { indices.Select(value.AsInteger) } } },
            MetadataKind.Float => new Value { FloatList = new() { Values = { indices.Select(value.AsFloat) } } },
            MetadataKind.Boolean => new Value { BoolList = new() { Values = { indices.Select(value.AsBoolean) } } },
            MetadataKind.Location => new Value
            {
                GeoList = new() { Values = { indices.Select(i => ToProto(value.AsLocation(i))) } },
            },
            _ => new Value
            {
                TimestampList = new() { Values = { indices.Select(i => value.AsTimestamp(i).ToTimestamp()) } },
            },
        };
    }

    /// <exception cref="InvalidInputException">It is not on the earth.</exception>
    public static Engine.GeoPoint ToPlace(GeoPoint? place, string key)
    {
        var converted = new Engine.GeoPoint(place?.Latitude ?? double.NaN, place?.Longitude ?? double.NaN);
        return converted.IsValid
            ? converted
            : throw new InvalidInputException(
                $"The place under '{key}' must have a latitude of -90 to 90 and a longitude of -180 to 180 degrees.");
    }

    private static GeoPoint ToProto(Engine.GeoPoint place) =>
        new() { Latitude = place.Latitude, Longitude = place.Longitude };

    private static DateTimeOffset ToMoment(Timestamp moment, string key)
    {
        try
        {
            var whole = moment.ToDateTimeOffset();
            // Microseconds are what the contract promises; finer digits would not survive other stores.
            return whole.AddTicks(-(whole.Ticks % TimeSpan.TicksPerMicrosecond));
        }
        catch (Exception fault) when (fault is InvalidOperationException or ArgumentException)
        {
            throw new InvalidInputException(
                $"The timestamp under '{key}' must lie between the years 1 and 9999 with 0 to 999,999,999 nanoseconds.");
        }
    }
}
