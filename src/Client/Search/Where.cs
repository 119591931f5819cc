using Rag.V1;

namespace Rag.Client;

/// <summary>
/// Conditions on metadata:
/// <c>Where.All(Where.Equal("lang", MetadataValue.Of("en")), Where.Not(Where.Exists("draft")))</c>.
/// A key that a chunk does not have, or has with another type, does not match.
/// </summary>
public static class Where
{
    /// <summary>Every one matches; none given: everything matches.</summary>
    public static Filter All(params IEnumerable<Filter> filters) => new() { All = new FilterList { Filters = { filters } } };

    /// <summary>At least one matches; none given: nothing matches.</summary>
    public static Filter Any(params IEnumerable<Filter> filters) => new() { Any = new FilterList { Filters = { filters } } };

    public static Filter Not(Filter filter) => new() { Not = filter };

    public static Filter Equal(string key, Value value) => new() { Equal = new EqualFilter { Key = key, Value = value } };

    /// <inheritdoc cref="Equal(string, Value)"/>
    public static Filter Equal(string key, string value) => Equal(key, MetadataValue.Of(value));

    /// <inheritdoc cref="Equal(string, Value)"/>
    public static Filter Equal(string key, long value) => Equal(key, MetadataValue.Of(value));

    /// <inheritdoc cref="Equal(string, Value)"/>
    public static Filter Equal(string key, bool value) => Equal(key, MetadataValue.Of(value));

    /// <summary>One of these values, all of one type.</summary>
    public static Filter In(string key, params IEnumerable<Value> values) =>
        new() { In = new InFilter { Key = key, Values = { values } } };

    /// <inheritdoc cref="In(string, IEnumerable{Value})"/>
    public static Filter In(string key, params IEnumerable<string> values) => In(key, values.Select(MetadataValue.Of));

    public static Filter AtLeast(string key, Value bound) => new() { Range = new RangeFilter { Key = key, AtLeast = bound } };

    public static Filter GreaterThan(string key, Value bound) =>
        new() { Range = new RangeFilter { Key = key, GreaterThan = bound } };

    public static Filter AtMost(string key, Value bound) => new() { Range = new RangeFilter { Key = key, AtMost = bound } };

    public static Filter LessThan(string key, Value bound) => new() { Range = new RangeFilter { Key = key, LessThan = bound } };

    /// <summary>From the lower bound, itself included, to below the upper one.</summary>
    public static Filter Between(string key, Value atLeast, Value lessThan) =>
        new() { Range = new RangeFilter { Key = key, AtLeast = atLeast, LessThan = lessThan } };

    /// <summary>The key's list contains each of these values, all of one type.</summary>
    public static Filter ContainsAll(string key, params IEnumerable<Value> values) =>
        new() { ContainsAll = new ContainsAllFilter { Key = key, Values = { values } } };

    /// <summary>A string under the key has all words of a text; with an empty key, the chunk's own text.</summary>
    public static Filter MatchAll(string key, string text) => Match(key, text, MatchFilter.Types.Words.All);

    /// <summary>A string under the key has any word of a text; with an empty key, the chunk's own text.</summary>
    public static Filter MatchAny(string key, string text) => Match(key, text, MatchFilter.Types.Words.Any);

    /// <summary>A place under the key lies at most so many meters from a center.</summary>
    public static Filter Near(string key, double latitude, double longitude, double meters) => new()
    {
        GeoRadius = new GeoRadiusFilter { Key = key, Center = Place(latitude, longitude), RadiusMeters = meters },
    };

    /// <summary>A place under the key lies in a box; one whose west is greater than its east spans 180 degrees.</summary>
    public static Filter InBox(string key, double south, double west, double north, double east) => new()
    {
        GeoBox = new GeoBoxFilter { Key = key, SouthWest = Place(south, west), NorthEast = Place(north, east) },
    };

    /// <summary>The key is there, with any type.</summary>
    public static Filter Exists(string key) => new() { Exists = new ExistsFilter { Key = key } };

    private static Filter Match(string key, string text, MatchFilter.Types.Words words) =>
        new() { Match = new MatchFilter { Key = key, Text = text, Words = words } };

    private static GeoPoint Place(double latitude, double longitude) => new() { Latitude = latitude, Longitude = longitude };
}
