using System.Text;
using Google.Protobuf.Collections;
using Rag.V1;

namespace Rag.Router.Validation;

/// <summary>Metadata of chunks and sources. A fault is a sentence, null is none.</summary>
internal static class MetadataRules
{
    public static string? Fault(MapField<string, Value> metadata)
    {
        if (metadata.Count == 0)
            return null;
        if (metadata.Count > Limits.MetadataEntries)
            return $"The metadata has {metadata.Count} keys: send at most {Limits.MetadataEntries}.";
        var bytes = 0L;
        foreach (var (key, value) in metadata)
        {
            if (key.Length == 0 || TextRules.IsLonger(key, Limits.MetadataKeyBytes))
                return $"A metadata key has 1 to {Limits.MetadataKeyBytes} bytes of UTF-8; '{Shorten(key)}' does not.";
            if (ValueFault(value) is { } fault)
                return $"Metadata '{Shorten(key)}': {fault}";
            bytes += Encoding.UTF8.GetByteCount(key) + value.CalculateSize();
        }

        return bytes > Limits.MetadataBytes
            ? $"The metadata has {bytes} bytes: send at most {Limits.MetadataBytes}."
            : null;
    }

    /// <summary>A metadata key that is asked for.</summary>
    public static string? KeyFault(string key) => key.Length == 0 || TextRules.IsLonger(key, Limits.MetadataKeyBytes)
        ? $"Name a metadata key of 1 to {Limits.MetadataKeyBytes} bytes of UTF-8."
        : null;

    public static string? ValueFault(Value value) => value.KindCase switch
    {
        Value.KindOneofCase.None => "The value is not set: give it one of the kinds.",
        Value.KindOneofCase.StringValue => KeywordFault(value.StringValue),
        Value.KindOneofCase.FloatValue when double.IsNaN(value.FloatValue) => "A float must not be NaN.",
        Value.KindOneofCase.TimestampValue => TimestampFault(value.TimestampValue),
        Value.KindOneofCase.StringList => StringListFault(value.StringList),
        Value.KindOneofCase.IntegerList => CountFault(value.IntegerList.Values.Count),
        Value.KindOneofCase.FloatList => FloatListFault(value.FloatList),
        Value.KindOneofCase.BoolList => CountFault(value.BoolList.Values.Count),
        Value.KindOneofCase.TimestampList => TimestampListFault(value.TimestampList),
        Value.KindOneofCase.GeoValue => PlaceFault(value.GeoValue),
        Value.KindOneofCase.GeoList => PlaceListFault(value.GeoList),
        _ => null,
    };

    public static string? PlaceFault(GeoPoint? place) =>
        place is { Latitude: >= -90 and <= 90, Longitude: >= -180 and <= 180 }
            ? null
            : "A place has a latitude of -90 to 90 and a longitude of -180 to 180 degrees.";

    /// <summary>Whether a value is a list.</summary>
    public static bool IsList(Value value) => value.KindCase is Value.KindOneofCase.StringList
        or Value.KindOneofCase.IntegerList or Value.KindOneofCase.FloatList or Value.KindOneofCase.BoolList
        or Value.KindOneofCase.TimestampList or Value.KindOneofCase.GeoList;

    public static string Shorten(string text) => text.Length <= 40 ? text : string.Concat(text.AsSpan(0, 40), "…");

    private static string? KeywordFault(string keyword) => TextRules.IsLonger(keyword, Limits.KeywordBytes)
        ? $"A string has at most {Limits.KeywordBytes} bytes of UTF-8: put longer text into the chunk's text."
        : null;

    private static string? CountFault(int count) => count > Limits.ListElements
        ? $"The list has {count} elements: send at most {Limits.ListElements}."
        : null;

    private static string? StringListFault(StringList list)
    {
        foreach (var keyword in list.Values)
        {
            if (KeywordFault(keyword) is { } fault)
                return fault;
        }

        return CountFault(list.Values.Count);
    }

    private static string? FloatListFault(FloatList list)
    {
        foreach (var number in list.Values)
        {
            if (double.IsNaN(number))
                return "A float must not be NaN.";
        }

        return CountFault(list.Values.Count);
    }

    private static string? PlaceListFault(GeoPointList list)
    {
        foreach (var place in list.Values)
        {
            if (PlaceFault(place) is { } fault)
                return fault;
        }

        return CountFault(list.Values.Count);
    }

    private static string? TimestampListFault(TimestampList list)
    {
        foreach (var timestamp in list.Values)
        {
            if (TimestampFault(timestamp) is { } fault)
                return fault;
        }

        return CountFault(list.Values.Count);
    }

    /// <summary>Years 1 to 9999, as google.protobuf.Timestamp says.</summary>
    private static string? TimestampFault(Google.Protobuf.WellKnownTypes.Timestamp timestamp) =>
        timestamp.Seconds is < -62_135_596_800 or > 253_402_300_799 || timestamp.Nanos is < 0 or > 999_999_999
            ? "A timestamp lies between the years 1 and 9999, with 0 to 999,999,999 nanoseconds."
            : null;
}
