using Rag.Engine;
using Rag.Engine.Filters;
using Rag.V1;

namespace Rag.Shard.Mapping;

/// <summary>Filters from the protos to the engine, which checks sizes and types.</summary>
internal static class FilterMapping
{
    // As deep as the proto promises; the engine's own limit is checked there. This one guards the recursion.
    private const int MaxDepth = 16;

    public static FilterExpression? ToEngine(Filter? filter) => filter is null ? null : Convert(filter, 1);

    private static FilterExpression Convert(Filter filter, int depth)
    {
        if (depth > MaxDepth)
            throw new InvalidInputException($"The filter is more than {MaxDepth} levels deep; flatten it.");
        return filter.KindCase switch
        {
            Filter.KindOneofCase.All => new FilterExpression.And(ConvertAll(filter.All, depth)),
            Filter.KindOneofCase.Any => new FilterExpression.Or(ConvertAll(filter.Any, depth)),
            Filter.KindOneofCase.Not => new FilterExpression.Not(Convert(filter.Not, depth + 1)),
            Filter.KindOneofCase.Equal => new FilterExpression.Equal(
                filter.Equal.Key, Single(filter.Equal.Value, filter.Equal.Key)),
            Filter.KindOneofCase.In => new FilterExpression.In(filter.In.Key, ListOf(filter.In.Values, filter.In.Key)),
            Filter.KindOneofCase.Range => Convert(filter.Range),
            Filter.KindOneofCase.Exists => new FilterExpression.Exists(filter.Exists.Key),
            Filter.KindOneofCase.ContainsAll => new FilterExpression.ContainsAll(
                filter.ContainsAll.Key, ListOf(filter.ContainsAll.Values, filter.ContainsAll.Key)),
            Filter.KindOneofCase.Match => new FilterExpression.Match(
                filter.Match.Key, filter.Match.Text, filter.Match.Words != MatchFilter.Types.Words.Any),
            Filter.KindOneofCase.GeoRadius => new FilterExpression.GeoRadius(
                filter.GeoRadius.Key, ValueMapping.ToPlace(filter.GeoRadius.Center, filter.GeoRadius.Key),
                filter.GeoRadius.RadiusMeters),
            Filter.KindOneofCase.GeoBox => Convert(filter.GeoBox),
            _ => throw new InvalidInputException("A part of the filter is empty; give it all, any, not, equal, in, "
                + "range, exists, contains_all, match, geo_radius or geo_box."),
        };
    }

    private static FilterExpression[] ConvertAll(FilterList list, int depth) =>
        [.. list.Filters.Select(filter => Convert(filter, depth + 1))];

    private static FilterExpression.Range Convert(RangeFilter range)
    {
        if (range.GreaterThan is not null && range.AtLeast is not null)
            throw new InvalidInputException($"The range on '{range.Key}' has two lower bounds; give one.");
        if (range.LessThan is not null && range.AtMost is not null)
            throw new InvalidInputException($"The range on '{range.Key}' has two upper bounds; give one.");
        var lower = range.GreaterThan ?? range.AtLeast;
        var upper = range.LessThan ?? range.AtMost;
        if (lower is null && upper is null)
            throw new InvalidInputException($"The range on '{range.Key}' has no bound; give at least one.");
        return new FilterExpression.Range(
            range.Key,
            lower is null ? null : Single(lower, range.Key), range.AtLeast is not null,
            upper is null ? null : Single(upper, range.Key), range.AtMost is not null);
    }

    private static MetadataValue Single(Value? value, string key)
    {
        if (value is null)
            throw new InvalidInputException($"The filter on '{key}' has no value; give one.");
        var converted = ValueMapping.ToEngine(value, key);
        return converted.IsList
            ? throw new InvalidInputException($"The filter on '{key}' compares with a list; use `in` for several values.")
            : converted;
    }

    private static FilterExpression.GeoBox Convert(GeoBoxFilter box)
    {
        var southWest = ValueMapping.ToPlace(box.SouthWest, box.Key);
        var northEast = ValueMapping.ToPlace(box.NorthEast, box.Key);
        return new FilterExpression.GeoBox(
            box.Key, southWest.Latitude, southWest.Longitude, northEast.Latitude, northEast.Longitude);
    }

    private static MetadataValue ListOf(IEnumerable<Value> given, string key)
    {
        var values = given.Select(value => Single(value, key)).ToList();
        if (values.Count == 0)
            return MetadataValue.List(Array.Empty<string>());
        var kind = values[0].Kind;
        if (values.Exists(value => value.Kind != kind))
            throw new InvalidInputException($"The values of the filter on '{key}' must all have one type.");
        return kind switch
        {
            MetadataKind.String => MetadataValue.List(values.Select(value => value.AsString())),
            MetadataKind.Integer => MetadataValue.List(values.Select(value => value.AsInteger())),
            MetadataKind.Float => MetadataValue.List(values.Select(value => value.AsFloat())),
            MetadataKind.Boolean => MetadataValue.List(values.Select(value => value.AsBoolean())),
            MetadataKind.Location => MetadataValue.List(values.Select(value => value.AsLocation())),
            _ => MetadataValue.List(values.Select(value => value.AsTimestamp())),
        };
    }
}
