using Rag.V1;

namespace Rag.Router.Validation;

/// <summary>Filters: form, depth and size. Thread-safe.</summary>
internal static class FilterRules
{
    /// <summary>Notes what is wrong with the filter; null is no filter.</summary>
    public static void Check(Filter? filter, string field, Violations violations)
    {
        if (filter is null)
            return;
        var budget = new Budget();
        Visit(filter, field, 1, ref budget, violations);
    }

    private static void Visit(Filter filter, string field, int depth, ref Budget budget, Violations violations)
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
                VisitList(filter.All, field + ".all", depth, ref budget, violations);
                break;
            case Filter.KindOneofCase.Any:
                VisitList(filter.Any, field + ".any", depth, ref budget, violations);
                break;
            case Filter.KindOneofCase.Not:
                Visit(filter.Not, field + ".not", depth + 1, ref budget, violations);
                break;
            case Filter.KindOneofCase.Equal:
                CheckKey(filter.Equal.Key, field + ".equal", violations);
                CheckSingle(filter.Equal.Value, field + ".equal.value", violations);
                break;
            case Filter.KindOneofCase.In:
                CheckKey(filter.In.Key, field + ".in", violations);
                CheckValues(filter.In, field + ".in.values", ref budget, violations);
                break;
            case Filter.KindOneofCase.Range:
                CheckKey(filter.Range.Key, field + ".range", violations);
                CheckRange(filter.Range, field + ".range", violations);
                break;
            case Filter.KindOneofCase.Exists:
                CheckKey(filter.Exists.Key, field + ".exists", violations);
                break;
            default:
                violations.Add(field, "The condition is not set: give it all, any, not, equal, in, range or exists.");
                break;
        }
    }

    private static void VisitList(
        FilterList list, string field, int depth, ref Budget budget, Violations violations)
    {
        for (var i = 0; i < list.Filters.Count && budget.Nodes <= Limits.FilterNodes; i++)
            Visit(list.Filters[i], $"{field}.filters[{i}]", depth + 1, ref budget, violations);
    }

    private static void CheckKey(string key, string field, Violations violations)
    {
        if (key.Length == 0 || TextRules.IsLonger(key, Limits.MetadataKeyBytes))
            violations.Add(field + ".key", $"Name a metadata key of 1 to {Limits.MetadataKeyBytes} bytes of UTF-8.");
    }

    private static void CheckValues(InFilter filter, string field, ref Budget budget, Violations violations)
    {
        budget.Values += filter.Values.Count;
        if (budget.Values > Limits.FilterValues)
        {
            violations.Add(field, $"The filter has more than {Limits.FilterValues} values in all: send fewer.");
            return;
        }

        for (var i = 0; i < filter.Values.Count; i++)
        {
            CheckSingle(filter.Values[i], $"{field}[{i}]", violations);
            if (filter.Values[i].KindCase != filter.Values[0].KindCase)
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
        if (bound.KindCase == Value.KindOneofCase.BoolValue)
            violations.Add(field, "A range is over strings, integers, floats or timestamps; use `equal` for a bool.");
        else
            CheckSingle(bound, field, violations);
    }

    private static void CheckSingle(Value? value, string field, Violations violations)
    {
        if (value is null || value.KindCase == Value.KindOneofCase.None)
            violations.Add(field, "Give a value.");
        else if (value.KindCase >= Value.KindOneofCase.StringList)
            violations.Add(field, "Give a single value, not a list; `in` takes several.");
        else if (MetadataRules.ValueFault(value) is { } fault)
            violations.Add(field, fault);
    }

    private struct Budget
    {
        public int Nodes;
        public int Values;
    }
}
