using Rag.V1;

namespace Rag.Router.Validation;

/// <summary>Filters: form, depth and size. Thread-safe.</summary>
internal static class FilterRules
{
    /// <summary>Notes what is wrong with the filter; null is no filter.</summary>
    public static void Check(Filter? filter, string field, Violations violations, bool forDelete = false)
    {
        if (filter is null)
            return;
        var budget = new Budget();
        Visit(filter, field, 1, forDelete, ref budget, violations);
    }

    private static void Visit(
        Filter filter, string field, int depth, bool forDelete, ref Budget budget, Violations violations)
    {
        // Checked before going deeper: the depth of this recursion is bounded too.
        if (depth > Limits.FilterDepth)
        {
            violations.Add(field, $"The filter is more than {Limits.FilterDepth} levels deep: flatten it.");
            return;
        }

        budget.Nodes++;
        if (budget.Nodes > Limits.FilterNodes)
        {
            if (budget.Nodes == Limits.FilterNodes + 1)
            {
                violations.Add(
                    field, $"The filter has more than {Limits.FilterNodes} conditions: use `in` for many values.");
            }

            return;
        }

        switch (filter.KindCase)
        {
            case Filter.KindOneofCase.All:
                VisitList(filter.All, field + ".all", depth, forDelete, ref budget, violations);
                break;
            case Filter.KindOneofCase.Any:
                VisitList(filter.Any, field + ".any", depth, forDelete, ref budget, violations);
                break;
            case Filter.KindOneofCase.Not:
                Visit(filter.Not, field + ".not", depth + 1, forDelete, ref budget, violations);
                break;
            case Filter.KindOneofCase.Equal:
                CheckKey(filter.Equal.Key, field + ".equal", violations);
                CheckSingle(filter.Equal.Value, field + ".equal.value", violations);
                break;
            case Filter.KindOneofCase.In:
                CheckKey(filter.In.Key, field + ".in", violations);
                CheckValues(filter.In.Values, field + ".in.values", ref budget, violations);
                break;
            case Filter.KindOneofCase.Range:
                CheckKey(filter.Range.Key, field + ".range", violations);
                CheckRange(filter.Range, field + ".range", violations);
                break;
            case Filter.KindOneofCase.Exists:
                CheckKey(filter.Exists.Key, field + ".exists", violations);
                break;
            case Filter.KindOneofCase.ContainsAll:
                CheckKey(filter.ContainsAll.Key, field + ".contains_all", violations);
                if (filter.ContainsAll.Values.Count == 0)
                    violations.Add(field + ".contains_all.values", "Give at least one value.");
                CheckValues(filter.ContainsAll.Values, field + ".contains_all.values", ref budget, violations);
                break;
            case Filter.KindOneofCase.Match:
                CheckMatch(filter.Match, field + ".match", forDelete, ref budget, violations);
                break;
            case Filter.KindOneofCase.GeoRadius:
                CheckKey(filter.GeoRadius.Key, field + ".geo_radius", violations);
                CheckPlace(filter.GeoRadius.Center, field + ".geo_radius.center", violations);
                if (filter.GeoRadius.RadiusMeters is not (> 0 and <= Limits.FilterRadiusMeters))
                {
                    violations.Add(field + ".geo_radius.radius_meters",
                        $"Give a radius above 0 and at most {Limits.FilterRadiusMeters} m.");
                }

                break;
            case Filter.KindOneofCase.GeoBox:
                CheckKey(filter.GeoBox.Key, field + ".geo_box", violations);
                CheckPlace(filter.GeoBox.SouthWest, field + ".geo_box.south_west", violations);
                CheckPlace(filter.GeoBox.NorthEast, field + ".geo_box.north_east", violations);
                if (filter.GeoBox.SouthWest?.Latitude > filter.GeoBox.NorthEast?.Latitude)
                    violations.Add(field + ".geo_box", "The southern edge must not be north of the northern one.");
                break;
            default:
                violations.Add(field, "The condition is not set: give it all, any, not, equal, in, range, exists, "
                    + "contains_all, match, geo_radius or geo_box.");
                break;
        }
    }

    private static void VisitList(
        FilterList list, string field, int depth, bool forDelete, ref Budget budget, Violations violations)
    {
        for (var i = 0; i < list.Filters.Count && budget.Nodes <= Limits.FilterNodes; i++)
            Visit(list.Filters[i], $"{field}.filters[{i}]", depth + 1, forDelete, ref budget, violations);
    }

    private static void CheckMatch(
        MatchFilter match, string field, bool forDelete, ref Budget budget, Violations violations)
    {
        if (forDelete)
            violations.Add(field, "A delete takes no words to match: search for the chunks, then delete them by key.");
        if (match.Key.Length > 0)
            CheckKey(match.Key, field, violations);
        if (string.IsNullOrWhiteSpace(match.Text))
            violations.Add(field + ".text", "Give the words to look for.");
        if (match.Words is < MatchFilter.Types.Words.Unspecified or > MatchFilter.Types.Words.Any)
            violations.Add(field + ".words", $"{(int)match.Words} is neither WORDS_ALL nor WORDS_ANY.");
        var before = budget.TextBytes;
        budget.TextBytes += System.Text.Encoding.UTF8.GetByteCount(match.Text);
        if (before <= Limits.FilterTextBytes && budget.TextBytes > Limits.FilterTextBytes)
        {
            violations.Add(
                field + ".text", $"The filter has more than {Limits.FilterTextBytes} bytes of text to match: shorten it.");
        }
    }

    private static void CheckPlace(GeoPoint? place, string field, Violations violations)
    {
        if (MetadataRules.PlaceFault(place) is { } fault)
            violations.Add(field, fault);
    }

    private static void CheckKey(string key, string field, Violations violations)
    {
        if (key.Length == 0 || TextRules.IsLonger(key, Limits.MetadataKeyBytes))
            violations.Add(field + ".key", $"Name a metadata key of 1 to {Limits.MetadataKeyBytes} bytes of UTF-8.");
    }

    private static void CheckValues(
        IReadOnlyList<Value> values, string field, ref Budget budget, Violations violations)
    {
        budget.Values += values.Count;
        if (budget.Values > Limits.FilterValues)
        {
            violations.Add(field, $"The filter has more than {Limits.FilterValues} values in all: send fewer.");
            return;
        }

        for (var i = 0; i < values.Count; i++)
        {
            CheckSingle(values[i], $"{field}[{i}]", violations);
            if (values[i].KindCase != values[0].KindCase)
                violations.Add($"{field}[{i}]", "All values must be of one type.");
        }
    }

    private static void CheckRange(RangeFilter range, string field, Violations violations)
    {
        if (range.GreaterThan is not null && range.AtLeast is not null)
            violations.Add(field, "Give greater_than or at_least, not both.");
        if (range.LessThan is not null && range.AtMost is not null)
            violations.Add(field, "Give less_than or at_most, not both.");
        var lower = range.GreaterThan ?? range.AtLeast;
        var upper = range.LessThan ?? range.AtMost;
        if (lower is null && upper is null)
            violations.Add(field, "Give at least one bound.");
        else if (lower is not null && upper is not null && lower.KindCase != upper.KindCase)
            violations.Add(field, "Both bounds must be of one type.");
        CheckBound(lower, field, violations);
        CheckBound(upper, field, violations);
    }

    private static void CheckBound(Value? bound, string field, Violations violations)
    {
        if (bound is null)
            return;
        if (bound.KindCase is Value.KindOneofCase.BoolValue or Value.KindOneofCase.GeoValue)
            violations.Add(field, "A range is over strings, integers, floats or timestamps; use `equal` for a bool, a box for places.");
        else
            CheckSingle(bound, field, violations);
    }

    private static void CheckSingle(Value? value, string field, Violations violations)
    {
        if (value is null || value.KindCase == Value.KindOneofCase.None)
            violations.Add(field, "Give a value.");
        else if (MetadataRules.IsList(value))
            violations.Add(field, "Give a single value, not a list; `in` takes several.");
        else if (MetadataRules.ValueFault(value) is { } fault)
            violations.Add(field, fault);
    }

    private struct Budget
    {
        public int Nodes;
        public int Values;
        public int TextBytes;
    }
}
