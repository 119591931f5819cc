using System.Text;

namespace Rag.Engine.Filters;

/// <summary>Checks a filter's shape and limits, so that evaluation need not.</summary>
internal static class FilterValidator
{
    /// <summary>A sentence that says what is wrong, or null.</summary>
    public static string? FindError(FilterExpression filter)
    {
        var nodes = 0;
        var values = 0;
        return Check(filter, 1, ref nodes, ref values);
    }

    private static string? Check(FilterExpression? filter, int depth, ref int nodes, ref int values)
    {
        if (depth > StoreLimits.MaxFilterDepth)
            return $"The filter is nested deeper than {StoreLimits.MaxFilterDepth} levels; flatten it.";
        if (++nodes > StoreLimits.MaxFilterNodes)
            return $"The filter has more than {StoreLimits.MaxFilterNodes} conditions; use 'in' for lists of values.";
        switch (filter)
        {
            case FilterExpression.And and:
                return CheckAll(and.Operands, depth, ref nodes, ref values);
            case FilterExpression.Or or:
                return CheckAll(or.Operands, depth, ref nodes, ref values);
            case FilterExpression.Not not:
                return Check(not.Operand, depth + 1, ref nodes, ref values);
            case FilterExpression.Exists exists:
                return CheckKey(exists.Key);
            case FilterExpression.Equal equal:
                return CheckKey(equal.Key)
                    ?? (equal.Value.IsList ? $"'{equal.Key}' is compared with a list; use 'in'."
                        : CheckValue(equal.Key, equal.Value));
            case FilterExpression.In @in:
                values += @in.Values.Count;
                return CheckKey(@in.Key)
                    ?? (values > StoreLimits.MaxFilterValues
                        ? $"The filter's 'in' lists hold over {StoreLimits.MaxFilterValues} values; split the search."
                        : CheckValue(@in.Key, @in.Values));
            case FilterExpression.Range range:
                return CheckKey(range.Key) ?? CheckRange(range);
            default:
                return "A part of the filter is missing.";
        }
    }

    private static string? CheckAll(
        IReadOnlyList<FilterExpression> operands, int depth, ref int nodes, ref int values)
    {
        foreach (var operand in operands)
        {
            if (Check(operand, depth + 1, ref nodes, ref values) is { } error)
                return error;
        }

        return null;
    }

    private static string? CheckKey(string? key) =>
        string.IsNullOrEmpty(key) || Encoding.UTF8.GetByteCount(key) > StoreLimits.MaxMetadataKeyBytes
            ? $"A filter's key must have 1–{StoreLimits.MaxMetadataKeyBytes} bytes."
            : null;

    private static string? CheckRange(FilterExpression.Range range)
    {
        if (range.Lower is null && range.Upper is null)
            return $"The range on '{range.Key}' has no bound; use 'exists'.";
        if (range.Lower is { } lower && range.Upper is { } upper && lower.Kind != upper.Kind)
            return $"The bounds of the range on '{range.Key}' are of different types; give both the same.";
        foreach (var bound in new[] { range.Lower, range.Upper })
        {
            if (bound is not { } value)
                continue;
            if (value.IsList || value.Kind == MetadataKind.Boolean)
                return $"The range on '{range.Key}' has a bound without order; use a single string, number or time.";
            if (CheckValue(range.Key, value) is { } error)
                return error;
        }

        return null;
    }

    private static string? CheckValue(string key, MetadataValue value)
    {
        if (value.Kind is < MetadataKind.String or > MetadataKind.Timestamp)
            return $"The value for '{key}' is missing.";
        for (var i = 0; i < value.Count; i++)
        {
            if (value.Kind == MetadataKind.Float && double.IsNaN(value.AsFloat(i)))
                return $"The value for '{key}' is not a number; NaN equals nothing.";
            if (value.Kind == MetadataKind.String && value.AsString(i) is null)
                return $"The value for '{key}' is missing.";
        }

        return null;
    }
}
