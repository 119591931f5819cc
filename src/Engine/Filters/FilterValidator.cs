using System.Text;

namespace Rag.Engine.Filters;

/// <summary>Checks a filter's shape and limits, so that evaluation need not.</summary>
internal static class FilterValidator
{
    private static readonly string TooManyValues =
        $"The filter's lists hold over {StoreLimits.MaxFilterValues} values; split the search.";

    /// <summary>A sentence that says what is wrong, or null.</summary>
    public static string? FindError(FilterExpression filter)
    {
        var budget = default(Budget);
        return Check(filter, 1, ref budget);
    }

    /// <summary>As above, for a delete: what it removes must not hang on how texts are analysed, for replicas may differ
    /// in that while they are updated.</summary>
    public static string? FindErrorOfDelete(FilterExpression filter) =>
        FindError(filter) ?? (HasMatch(filter, inMetadata: true)
            ? "A delete takes no match conditions; search for the chunks, then delete them by key."
            : null);

    /// <summary>Whether the filter asks for words of the chunks' texts.</summary>
    public static bool HasTextMatch(FilterExpression filter) => HasMatch(filter, inMetadata: false);

    private static bool HasMatch(FilterExpression filter, bool inMetadata) => filter switch
    {
        FilterExpression.Match match => inMetadata || match.Key.Length == 0,
        FilterExpression.And and => and.Operands.Any(operand => HasMatch(operand, inMetadata)),
        FilterExpression.Or or => or.Operands.Any(operand => HasMatch(operand, inMetadata)),
        FilterExpression.Not not => HasMatch(not.Operand, inMetadata),
        _ => false,
    };

    private static string? Check(FilterExpression? filter, int depth, ref Budget budget)
    {
        if (depth > StoreLimits.MaxFilterDepth)
            return $"The filter is nested deeper than {StoreLimits.MaxFilterDepth} levels; flatten it.";
        if (++budget.Nodes > StoreLimits.MaxFilterNodes)
            return $"The filter has more than {StoreLimits.MaxFilterNodes} conditions; use 'in' for lists of values.";
        switch (filter)
        {
            case FilterExpression.And and:
                return CheckAll(and.Operands, depth, ref budget);
            case FilterExpression.Or or:
                return CheckAll(or.Operands, depth, ref budget);
            case FilterExpression.Not not:
                return Check(not.Operand, depth + 1, ref budget);
            case FilterExpression.Exists exists:
                return CheckKey(exists.Key);
            case FilterExpression.Equal equal:
                return CheckKey(equal.Key)
                    ?? (equal.Value.IsList ? $"'{equal.Key}' is compared with a list; use 'in'."
                        : CheckValue(equal.Key, equal.Value));
            case FilterExpression.In @in:
                budget.Values += @in.Values.Count;
                return CheckKey(@in.Key)
                    ?? (budget.Values > StoreLimits.MaxFilterValues ? TooManyValues : CheckValue(@in.Key, @in.Values));
            case FilterExpression.ContainsAll all:
                budget.Values += all.Values.Count;
                return CheckKey(all.Key)
                    ?? (all.Values.Count == 0 ? $"'contains all' on '{all.Key}' has no value; give at least one." : null)
                    ?? (budget.Values > StoreLimits.MaxFilterValues ? TooManyValues : CheckValue(all.Key, all.Values));
            case FilterExpression.Match match:
                return (match.Key?.Length == 0 ? null : CheckKey(match.Key)) ?? CheckText(match.Text, ref budget);
            case FilterExpression.GeoRadius radius:
                return CheckKey(radius.Key) ?? CheckRadius(radius);
            case FilterExpression.GeoBox box:
                return CheckKey(box.Key) ?? CheckBox(box);
            case FilterExpression.Range range:
                return CheckKey(range.Key) ?? CheckRange(range);
            default:
                return "A part of the filter is missing.";
        }
    }

    private static string? CheckAll(
        IReadOnlyList<FilterExpression> operands, int depth, ref Budget budget)
    {
        foreach (var operand in operands)
        {
            if (Check(operand, depth + 1, ref budget) is { } error)
                return error;
        }

        return null;
    }

    private static string? CheckKey(string? key) =>
        string.IsNullOrEmpty(key) || Encoding.UTF8.GetByteCount(key) > StoreLimits.MaxMetadataKeyBytes
            ? $"A filter's key must have 1–{StoreLimits.MaxMetadataKeyBytes} bytes."
            : null;

    private static string? CheckText(string? text, ref Budget budget)
    {
        if (string.IsNullOrWhiteSpace(text))
            return "A match condition has no text; give the words to look for.";
        budget.TextBytes += Encoding.UTF8.GetByteCount(text);
        return budget.TextBytes > StoreLimits.MaxFilterTextBytes
            ? $"The filter's match conditions hold over {StoreLimits.MaxFilterTextBytes} bytes of text; shorten them."
            : null;
    }

    private static string? CheckRadius(FilterExpression.GeoRadius radius)
    {
        if (!radius.Center.IsValid)
            return $"The center for '{radius.Key}' is no place: latitude is −90 to 90 degrees, longitude −180 to 180.";
        return radius.Meters is > 0 and <= StoreLimits.MaxRadiusMeters
            ? null
            : $"The radius for '{radius.Key}' is {radius.Meters} m; give more than 0 and at most {StoreLimits.MaxRadiusMeters}.";
    }

    private static string? CheckBox(FilterExpression.GeoBox box) =>
        !new GeoPoint(box.South, box.West).IsValid || !new GeoPoint(box.North, box.East).IsValid
            ? $"The box for '{box.Key}' is not on the earth: latitude is −90 to 90 degrees, longitude −180 to 180."
            : box.South > box.North ? $"The box for '{box.Key}' has its southern edge north of its northern one." : null;

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
            if (value.IsList || value.Kind is MetadataKind.Boolean or MetadataKind.Location)
                return $"The range on '{range.Key}' has a bound without order; use a single string, number or time.";
            if (CheckValue(range.Key, value) is { } error)
                return error;
        }

        return null;
    }

    private static string? CheckValue(string key, MetadataValue value)
    {
        if (value.Kind is < MetadataKind.String or > MetadataKind.Location)
            return $"The value for '{key}' is missing.";
        for (var i = 0; i < value.Count; i++)
        {
            if (value.Kind == MetadataKind.Float && double.IsNaN(value.AsFloat(i)))
                return $"The value for '{key}' is not a number; NaN equals nothing.";
            if (value.Kind == MetadataKind.Location && !value.AsLocation(i).IsValid)
                return $"The value for '{key}' is no place: latitude is −90 to 90 degrees, longitude −180 to 180.";
            if (value.Kind == MetadataKind.String && value.AsString(i) is null)
                return $"The value for '{key}' is missing.";
        }

        return null;
    }

    private struct Budget
    {
        public int Nodes;
        public int Values;
        public int TextBytes;
    }
}
