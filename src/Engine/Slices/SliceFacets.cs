using System.Text;
using Rag.Engine.Filters;

namespace Rag.Engine.Slices;

/// <summary>Counts rows by what their metadata says. Synchronous; inside the epoch.</summary>
internal static class SliceFacets
{
    public static FacetAnswer Count(Slice slice, FilterExpression? filter, IReadOnlyList<FacetQuery> facets)
    {
        var at = slice.Visible;
        var columns = slice.Rows.Columns;
        var limit = Math.Min(slice.Rows.Limit, columns.Capacity);
        using var rows = filter is null ? All(limit) : FilterEvaluator.Evaluate(filter, slice.Filterable, limit);
        KeepVisible(rows, columns, at);
        return new FacetAnswer(rows.Count, [.. facets.Select(facet => Count(slice.Filterable, rows, facet))]);
    }

    private static FacetCounts Count(FilterSource source, RowBitmap rows, FacetQuery facet)
    {
        var metadata = source.Columns;
        if (facet.Ranges.Count > 0)
            return new FacetCounts([], [.. facet.Ranges.Select(range => CountRange(source, rows, range))]);
        var values = new List<(MetadataValue, long)>();
        if (metadata.FindKeywords(facet.Key) is { } keywords)
            AddKeywords(keywords, rows, facet.Key, values);
        if (metadata.FindBooleans(facet.Key) is { } booleans)
        {
            Add(values, MetadataValue.Of(false), CountBoolean(booleans, rows, false));
            Add(values, MetadataValue.Of(true), CountBoolean(booleans, rows, true));
        }

        return new FacetCounts(values, []);
    }

    private static long CountRange(in FilterSource source, RowBitmap rows, FilterExpression.Range range)
    {
        using var inside = FilterEvaluator.Evaluate(range, source, rows.RowLimit);
        inside.IntersectWith(rows);
        return inside.Count;
    }

    private static void AddKeywords(
        KeywordColumn column, RowBitmap rows, string key, List<(MetadataValue, long)> values)
    {
        var counts = new int[column.Dictionary.Count + 1];
        for (var row = rows.Next(0); row != int.MaxValue; row = rows.Next(row + 1))
        {
            var numbers = column[row];
            for (var i = 0; i < numbers.Length; i++)
            {
                // Lists are short, and may name a value twice. A number may be newer than the count of them.
                if (numbers[i] < counts.Length && !numbers[..i].Contains(numbers[i]))
                    counts[numbers[i]]++;
            }
        }

        for (var number = 1; number < counts.Length; number++)
        {
            if (counts[number] == 0)
                continue;
            if (values.Count == StoreLimits.MaxFacetValues)
            {
                throw StoreErrors.Invalid(
                    $"More than {StoreLimits.MaxFacetValues} different values of '{key}' match: narrow the filter, or "
                    + "count by another key.");
            }

            values.Add((MetadataValue.Of(Encoding.UTF8.GetString(column.Dictionary[number])), counts[number]));
        }
    }

    private static long CountBoolean(BooleanColumn column, RowBitmap rows, bool value)
    {
        var count = 0L;
        for (var row = rows.Next(0); row != int.MaxValue; row = rows.Next(row + 1))
        {
            if (column.Has(row, value))
                count++;
        }

        return count;
    }

    private static void Add(List<(MetadataValue, long)> values, MetadataValue value, long count)
    {
        if (count > 0)
            values.Add((value, count));
    }

    private static void KeepVisible(RowBitmap rows, RowColumns columns, uint at)
    {
        for (var row = rows.Next(0); row != int.MaxValue; row = rows.Next(row + 1))
        {
            if (!RowStamps.IsVisible(columns.Stamps[row], at))
                rows.Words[row >> 6] &= ~(1UL << row);
        }
    }

    private static RowBitmap All(int limit)
    {
        var rows = RowBitmap.Rent(limit);
        rows.Fill();
        return rows;
    }
}
