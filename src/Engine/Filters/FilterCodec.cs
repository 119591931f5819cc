using Rag.Engine.Mutations;

namespace Rag.Engine.Filters;

/// <summary>The binary form of a filter in a delete's payload. Reading checks the same limits as the facade.</summary>
internal static class FilterCodec
{
    // Stored: never change them.
    private const byte EqualTag = 1;
    private const byte InTag = 2;
    private const byte RangeTag = 3;
    private const byte ExistsTag = 4;
    private const byte AndTag = 5;
    private const byte OrTag = 6;
    private const byte NotTag = 7;

    public static void Write(PayloadWriter to, FilterExpression filter)
    {
        switch (filter)
        {
            case FilterExpression.Equal equal:
                to.Byte(EqualTag);
                to.Text(equal.Key);
                MetadataCodec.WriteValue(to, equal.Value);
                break;
            case FilterExpression.In @in:
                to.Byte(InTag);
                to.Text(@in.Key);
                MetadataCodec.WriteValue(to, @in.Values);
                break;
            case FilterExpression.Range range:
                to.Byte(RangeTag);
                to.Text(range.Key);
                WriteBound(to, range.Lower, range.LowerInclusive);
                WriteBound(to, range.Upper, range.UpperInclusive);
                break;
            case FilterExpression.Exists exists:
                to.Byte(ExistsTag);
                to.Text(exists.Key);
                break;
            case FilterExpression.And and:
                WriteAll(to, AndTag, and.Operands);
                break;
            case FilterExpression.Or or:
                WriteAll(to, OrTag, or.Operands);
                break;
            case FilterExpression.Not not:
                to.Byte(NotTag);
                Write(to, not.Operand);
                break;
            default:
                throw new ArgumentException($"No such filter: {filter.GetType().Name}.", nameof(filter));
        }
    }

    public static FilterExpression Read(ref PayloadReader from)
    {
        var filter = Read(ref from, 1);
        if (FilterValidator.FindError(filter) is { } error)
            throw PayloadReader.Malformed(error);
        return filter;
    }

    private static FilterExpression Read(ref PayloadReader from, int depth)
    {
        if (depth > StoreLimits.MaxFilterDepth)
            throw PayloadReader.Malformed("a filter is nested too deeply");
        switch (from.Byte())
        {
            case EqualTag:
                return new FilterExpression.Equal(from.Text(), MetadataCodec.ReadValue(ref from));
            case InTag:
                return new FilterExpression.In(from.Text(), MetadataCodec.ReadValue(ref from));
            case RangeTag:
                var key = from.Text();
                var (lower, lowerInclusive) = ReadBound(ref from);
                var (upper, upperInclusive) = ReadBound(ref from);
                return new FilterExpression.Range(key, lower, lowerInclusive, upper, upperInclusive);
            case ExistsTag:
                return new FilterExpression.Exists(from.Text());
            case AndTag:
                return new FilterExpression.And(ReadAll(ref from, depth));
            case OrTag:
                return new FilterExpression.Or(ReadAll(ref from, depth));
            case NotTag:
                return new FilterExpression.Not(Read(ref from, depth + 1));
            default:
                throw PayloadReader.Malformed("there is no such filter");
        }
    }

    private static void WriteAll(PayloadWriter to, byte tag, IReadOnlyList<FilterExpression> operands)
    {
        to.Byte(tag);
        to.VarInt(operands.Count);
        foreach (var operand in operands)
            Write(to, operand);
    }

    private static FilterExpression[] ReadAll(ref PayloadReader from, int depth)
    {
        var operands = new FilterExpression[from.Count()];
        for (var i = 0; i < operands.Length; i++)
            operands[i] = Read(ref from, depth + 1);
        return operands;
    }

    private static void WriteBound(PayloadWriter to, MetadataValue? bound, bool inclusive)
    {
        to.Byte((byte)((bound is null ? 0 : 1) | (inclusive ? 2 : 0)));
        if (bound is { } value)
            MetadataCodec.WriteValue(to, value);
    }

    private static (MetadataValue? Bound, bool Inclusive) ReadBound(ref PayloadReader from)
    {
        var flags = from.Byte();
        return ((flags & 1) != 0 ? MetadataCodec.ReadValue(ref from) : null, (flags & 2) != 0);
    }
}
