using System.Buffers;
using System.Text;

namespace Rag.Engine.Filters;

/// <summary>
/// Evaluates a filter that <see cref="FilterValidator"/> accepts to a bitmap over all rows, once a search. Whether a
/// row is visible is not its business. Readers inside the epoch.
/// </summary>
internal static class FilterEvaluator
{
    /// <summary>Rows below <paramref name="rowLimit"/> that meet the filter; to be disposed.</summary>
    public static RowBitmap Evaluate(FilterExpression filter, in FilterSource source, int rowLimit, int firstWord = 0)
    {
        var result = RowBitmap.Rent(rowLimit, firstWord);
        Collect(filter, source, result);
        return result;
    }

    // 'to' is empty on entry.
    private static void Collect(FilterExpression filter, in FilterSource source, RowBitmap to)
    {
        var columns = source.Columns;
        switch (filter)
        {
            case FilterExpression.Equal equal:
                CollectIn(equal.Key, equal.Value, columns, to);
                break;
            case FilterExpression.In @in:
                CollectIn(@in.Key, @in.Values, columns, to);
                break;
            case FilterExpression.Range range:
                CollectRange(range, columns, to);
                break;
            case FilterExpression.Exists exists:
                CollectPresent(exists.Key, columns, to);
                break;
            case FilterExpression.ContainsAll all:
                CollectAll(all, columns, to);
                break;
            case FilterExpression.Match match:
                CollectMatch(match, source, to);
                break;
            case FilterExpression.GeoRadius radius:
                columns.FindNumbers(radius.Key, MetadataKind.Location)?.CollectWhere(
                    new GeoRadiusTest(radius.Center, radius.Meters), to);
                break;
            case FilterExpression.GeoBox box:
                columns.FindNumbers(box.Key, MetadataKind.Location)?.CollectWhere(
                    new GeoBoxTest(box.South, box.West, box.North, box.East), to);
                break;
            case FilterExpression.And and:
                CollectAnd(and, source, to);
                break;
            case FilterExpression.Or or:
                foreach (var operand in or.Operands)
                {
                    using var rows = Evaluate(operand, source, to.RowLimit, to.FirstWord);
                    to.UniteWith(rows);
                }

                break;
            case FilterExpression.Not not:
                Collect(not.Operand, source, to);
                to.Invert();
                break;
            default:
                throw new ArgumentException($"No such filter: {filter.GetType().Name}.", nameof(filter));
        }
    }

    private static void CollectAnd(FilterExpression.And and, in FilterSource source, RowBitmap to)
    {
        to.Fill();
        foreach (var operand in and.Operands)
        {
            using var rows = Evaluate(operand, source, to.RowLimit, to.FirstWord);
            to.IntersectWith(rows);
        }
    }

    private static void CollectPresent(string key, MetadataColumns columns, RowBitmap to)
    {
        columns.FindKeywords(key)?.CollectPresent(to);
        columns.FindBooleans(key)?.Collect(true, true, to);
        foreach (var kind in MetadataColumns.NumberKinds)
            columns.FindNumbers(key, kind)?.CollectPresent(to);
    }

    private static void CollectAll(FilterExpression.ContainsAll all, MetadataColumns columns, RowBitmap to)
    {
        to.Fill();
        for (var i = 0; i < all.Values.Count; i++)
        {
            using var rows = RowBitmap.Rent(to.RowLimit, to.FirstWord);
            CollectIn(all.Key, all.Values.At(i), columns, rows);
            to.IntersectWith(rows);
        }
    }

    private static void CollectMatch(FilterExpression.Match match, in FilterSource source, RowBitmap to)
    {
        var words = source.Text.Query(match.Text).Keys;
        if (match.Key.Length > 0)
        {
            if (source.Columns.FindKeywords(match.Key) is not { } column)
                return;
            using var accepted = RowBitmap.Rent(column.Dictionary.Count + 1);
            column.Words.Collect(words, match.AllWords, source.Text.Analyzers, accepted);
            column.CollectIn(accepted.Words, to);
            return;
        }

        for (var i = 0; i < words.Length; i++)
        {
            if (!match.AllWords || i == 0)
            {
                source.Text.Index.Collect(words[i], to);
                continue;
            }

            using var rows = RowBitmap.Rent(to.RowLimit, to.FirstWord);
            source.Text.Index.Collect(words[i], rows);
            to.IntersectWith(rows);
        }
    }

    private static void CollectIn(string key, MetadataValue values, MetadataColumns columns, RowBitmap to)
    {
        if (values.Count == 0)
            return;
        switch (values.Kind)
        {
            case MetadataKind.String:
                if (columns.FindKeywords(key) is { } keywords)
                    CollectKeywords(keywords, values, to);
                break;
            case MetadataKind.Boolean:
                var (wantTrue, wantFalse) = (false, false);
                for (var i = 0; i < values.Count; i++)
                {
                    wantTrue |= values.AsBoolean(i);
                    wantFalse |= !values.AsBoolean(i);
                }

                columns.FindBooleans(key)?.Collect(wantTrue, wantFalse, to);
                break;
            default:
                if (columns.FindNumbers(key, values.Kind) is { } numbers)
                    CollectNumbers(numbers, values, to);
                break;
        }
    }

    private static void CollectKeywords(KeywordColumn column, MetadataValue values, RowBitmap to)
    {
        if (values.Count == 1)
        {
            if (Find(column, values.AsString()) is var number and > 0)
                column.CollectEqual(number, to);
            return;
        }

        using var accepted = RowBitmap.Rent(column.Dictionary.Count + 1);
        for (var i = 0; i < values.Count; i++)
        {
            if (Find(column, values.AsString(i)) is var number and > 0 && number < accepted.RowLimit)
                accepted.Add(number);
        }

        column.CollectIn(accepted.Words, to);
    }

    private static void CollectNumbers(NumberColumn column, MetadataValue values, RowBitmap to)
    {
        if (values.Count == 1)
        {
            var value = SortableBits.Of(values.Kind, values.Bits(0));
            column.CollectBetween(value, value, to);
            return;
        }

        var sorted = ArrayPool<long>.Shared.Rent(values.Count);
        for (var i = 0; i < values.Count; i++)
            sorted[i] = SortableBits.Of(values.Kind, values.Bits(i));
        sorted.AsSpan(0, values.Count).Sort();
        column.CollectIn(sorted.AsSpan(0, values.Count), to);
        ArrayPool<long>.Shared.Return(sorted);
    }

    private static void CollectRange(FilterExpression.Range range, MetadataColumns columns, RowBitmap to)
    {
        var kind = (range.Lower ?? range.Upper)!.Value.Kind;
        if (kind == MetadataKind.String)
        {
            if (columns.FindKeywords(range.Key) is { } keywords)
                CollectKeywordRange(keywords, range, to);
            return;
        }

        if (columns.FindNumbers(range.Key, kind) is not { } numbers)
            return;
        var (low, high) = (long.MinValue, long.MaxValue);
        if (range.Lower is { } lower)
        {
            low = SortableBits.Of(kind, lower.Bits(0));
            if (!range.LowerInclusive && low++ == long.MaxValue)
                return;
        }

        if (range.Upper is { } upper)
        {
            high = SortableBits.Of(kind, upper.Bits(0));
            if (!range.UpperInclusive && high-- == long.MinValue)
                return;
        }

        numbers.CollectBetween(low, high, to);
    }

    private static void CollectKeywordRange(KeywordColumn column, FilterExpression.Range range, RowBitmap to)
    {
        var lower = range.Lower is { } low ? Encoding.UTF8.GetBytes(low.AsString()) : null;
        var upper = range.Upper is { } high ? Encoding.UTF8.GetBytes(high.AsString()) : null;
        var count = column.Dictionary.Count;
        using var accepted = RowBitmap.Rent(count + 1);
        for (var number = 1; number <= count; number++)
        {
            var value = column.Dictionary[number];
            var above = lower is null ? 1 : value.SequenceCompareTo(lower);
            var below = upper is null ? -1 : value.SequenceCompareTo(upper);
            if ((above > 0 || (above == 0 && range.LowerInclusive))
                && (below < 0 || (below == 0 && range.UpperInclusive)))
                accepted.Add(number);
        }

        column.CollectIn(accepted.Words, to);
    }

    private static int Find(KeywordColumn column, string value)
    {
        var bytes = ArrayPool<byte>.Shared.Rent(Encoding.UTF8.GetMaxByteCount(value.Length));
        var number = column.Dictionary.Find(bytes.AsSpan(0, Encoding.UTF8.GetBytes(value, bytes)));
        ArrayPool<byte>.Shared.Return(bytes);
        return number;
    }
}
