using System.Globalization;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Rag.Client;
using Rag.V1;
using Value = Rag.V1.Value;

namespace Rag.Cli.Options;

/// <summary>
/// Conditions as one types them. All that are given must hold.
/// <code>
///   lang=en  lang!=en  lang=en|de     equal, not equal, one of
///   year>=2020  year>2020  year&lt;=2024  year&lt;2024
///   draft?  !draft?  !lang=en         there is such a key; there is none; not
///   tags&amp;=red|large                  the list contains all of these (tags=red|large: any)
///   title~annual report               a string has all of the words; title~~…: any; ~…: the chunk's own text
///   place@52.52,13.4,5km              within a distance; place@47.2,5.8..55.1,15.1: in a box
///   lang=en &amp;&amp; (year>2020 || !draft?)  joined
///   {"any":{"filters":[...]}}         a whole rag.v1.Filter as JSON
/// </code>
/// Values: whole numbers, decimals, true and false, dates (2024-05-01 or with a time), places (geo:52.52,13.405), else
/// keywords; in double quotes always a keyword.
/// </summary>
internal static class FilterSyntax
{
    private static readonly string[] Operators = ["!=", ">=", "<=", "&=", "~~", "=", ">", "<", "~", "@"];

    /// <summary>Null where no condition is given.</summary>
    /// <exception cref="CliException">One is malformed.</exception>
    public static Filter? Parse(IReadOnlyCollection<string> conditions)
    {
        if (conditions.Count == 0)
            return null;
        var filters = conditions.Select(ParseOne).ToList();
        return filters.Count == 1 ? filters[0] : Where.All(filters);
    }

    /// <summary>A typed value, as in <c>key=value</c>.</summary>
    public static Value ParseValue(string text)
    {
        if (text.Length >= 2 && text[0] == '"' && text[^1] == '"')
            return MetadataValue.Of(text[1..^1]);
        if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var integer))
            return MetadataValue.Of(integer);
        if (GeoSyntax.ParseValue(text) is { } place)
            return place;
        if (text is "true" or "false")
            return MetadataValue.Of(text == "true");
        if (text.Length > 0 && (char.IsAsciiDigit(text[0]) || text[0] is '-' or '.'))
        {
            if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var real))
                return MetadataValue.Of(real);
            if (text.Length >= 10 && DateTimeOffset.TryParse(
                text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time))
            {
                return new Value { TimestampValue = Timestamp.FromDateTimeOffset(time) };
            }
        }

        return MetadataValue.Of(text);
    }

    /// <summary>One condition by itself.</summary>
    /// <param name="condition">The condition.</param>
    /// <param name="whole">What to name where it is malformed.</param>
    internal static Filter ParseCondition(string condition, string whole)
    {
        var at = condition.IndexOfAny(['=', '<', '>', '!', '~', '@', '&']);
        if (at < 0 && condition.Length > 1 && condition.EndsWith('?'))
            return Where.Exists(condition[..^1]);
        var sign = at >= 0 ? Operators.FirstOrDefault(sign => condition.AsSpan(at).StartsWith(sign)) : null;
        var key = at > 0 ? condition[..at].TrimEnd() : "";
        if (sign is null || (key.Length == 0 && sign[0] != '~'))
            throw Malformed(whole);
        var value = condition[(at + sign.Length)..].TrimStart();
        if (Values(sign, value).Any(string.IsNullOrWhiteSpace))
        {
            throw new CliException(
                $"'{whole}' has no value after {sign}: write {key}{sign}value, or \"\" for a text that is empty.", ExitCode.Usage);
        }

        return sign switch
        {
            "=" => OneOf(key, value),
            "!=" => Where.Not(OneOf(key, value)),
            ">=" => Where.AtLeast(key, ParseValue(value)),
            ">" => Where.GreaterThan(key, ParseValue(value)),
            "<=" => Where.AtMost(key, ParseValue(value)),
            "&=" => Where.ContainsAll(key, Values(sign, value).Select(ParseValue)),
            "~" => Where.MatchAll(key, Unquoted(value)),
            "~~" => Where.MatchAny(key, Unquoted(value)),
            "@" => GeoSyntax.ParseArea(key, value) ?? throw Malformed(whole),
            _ => Where.LessThan(key, ParseValue(value)),
        };
    }

    private static Filter ParseOne(string condition)
    {
        var text = condition.Trim();
        return text.StartsWith('{') ? ParseJson(text) : new FilterText(text).Parse();
    }

    private static CliException Malformed(string condition) => new(
        $"'{condition}' is no condition: write key=value, key>=value, key?, key~words, key@latitude,longitude,5km or a "
        + "filter as JSON.", ExitCode.Usage);

    private static string Unquoted(string text) =>
        text.Length >= 2 && text[0] == '"' && text[^1] == '"' ? text[1..^1] : text;

    // What is in quotes is one text, whatever it contains; only a list of = and != is one of several.
    private static string[] Values(string sign, string value) =>
        sign == "&=" || (sign is "=" or "!=" && !value.StartsWith('"')) ? value.Split('|') : [value];

    private static Filter OneOf(string key, string value) =>
        Values("=", value) is { Length: > 1 } values
            ? Where.In(key, values.Select(ParseValue))
            : Where.Equal(key, ParseValue(value));

    private static Filter ParseJson(string text)
    {
        try
        {
            return JsonParser.Default.Parse<Filter>(text);
        }
        catch (Exception failure) when (failure is InvalidProtocolBufferException or InvalidJsonException)
        {
            throw new CliException($"The filter is not a rag.v1.Filter: {failure.Message}", ExitCode.Usage);
        }
    }
}
