using System.Text.Json;
using Rag.V1;

namespace Rag.Cli.Output;

/// <summary>Prints counts by value.</summary>
internal static class FacetText
{
    public static string Line(FacetResult facet) =>
        $"{facet.Key}: " + string.Join(", ", facet.Counts.Select(count => $"{NameOf(count)} {count.Count}"));

    /// <summary>Its key, and a count for each value.</summary>
    public static void WriteJson(Utf8JsonWriter json, FacetResult facet)
    {
        json.WriteString("facet", facet.Key);
        json.WriteStartObject("counts");
        foreach (var count in facet.Counts)
            json.WriteNumber(NameOf(count), count.Count);
        json.WriteEndObject();
    }

    private static string NameOf(FacetCount count) => count.Value?.KindCase switch
    {
        Value.KindOneofCase.StringValue => count.Value.StringValue,
        Value.KindOneofCase.BoolValue => count.Value.BoolValue ? "true" : "false",
        _ => $"{BoundOf(count.Range?.From)}…{BoundOf(count.Range?.To)}",
    };

    private static string BoundOf(Value? bound) => bound?.KindCase switch
    {
        Value.KindOneofCase.IntegerValue => bound.IntegerValue.ToString(System.Globalization.CultureInfo.InvariantCulture),
        Value.KindOneofCase.FloatValue => bound.FloatValue.ToString(System.Globalization.CultureInfo.InvariantCulture),
        Value.KindOneofCase.TimestampValue => bound.TimestampValue.ToDateTime().ToString("u", System.Globalization.CultureInfo.InvariantCulture),
        _ => "",
    };
}
