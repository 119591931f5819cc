using System.Globalization;
using Rag.Client;
using Rag.V1;
using Value = Rag.V1.Value;

namespace Rag.Cli.Options;

/// <summary>
/// Places as one types them: <c>geo:52.52,13.405</c> as a value; after <c>@</c> a circle (<c>52.52,13.405,5km</c>, or
/// <c>m</c>) or a box from its south-west to its north-east (<c>47.2,5.8..55.1,15.1</c>).
/// </summary>
internal static class GeoSyntax
{
    private const string Scheme = "geo:";

    /// <summary>The place that a value names, or null if it names none.</summary>
    public static Value? ParseValue(string text) =>
        text.StartsWith(Scheme, StringComparison.Ordinal) && Numbers(text[Scheme.Length..]) is [var latitude, var longitude]
            ? MetadataValue.Place(latitude, longitude)
            : null;

    /// <summary>The condition that a key's places lie in an area; null if it is none.</summary>
    public static Filter? ParseArea(string key, string text)
    {
        if (text.Split("..") is [var southWest, var northEast])
        {
            return Numbers(southWest) is [var south, var west] && Numbers(northEast) is [var north, var east]
                ? Where.InBox(key, south, west, north, east)
                : null;
        }

        var unit = text.EndsWith("km", StringComparison.Ordinal) ? 1000 : text.EndsWith('m') ? 1 : 0;
        return unit > 0 && Numbers(text.TrimEnd('m').TrimEnd('k')) is [var latitude, var longitude, var radius]
            ? Where.Near(key, latitude, longitude, radius * unit)
            : null;
    }

    private static double[] Numbers(string text)
    {
        var parts = text.Split(',', StringSplitOptions.TrimEntries);
        var numbers = new double[parts.Length];
        for (var i = 0; i < parts.Length; i++)
        {
            if (!double.TryParse(parts[i], NumberStyles.Float, CultureInfo.InvariantCulture, out numbers[i]))
                return [];
        }

        return numbers;
    }
}
