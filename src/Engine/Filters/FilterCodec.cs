using Rag.Engine.Mutations;

namespace Rag.Engine.Filters;

/// <summary>The binary form of a filter, in a delete's payload and as a cache's key. Reading checks the same limits as
/// the facade.</summary>
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
    private const byte ContainsAllTag = 8;
    private const byte MatchTag = 9;
    private const byte GeoRadiusTag = 10;
    private const byte GeoBoxTag = 11;

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
            case FilterExpression.ContainsAll all:
                to.Byte(ContainsAllTag);
                to.Text(all.Key);
                MetadataCodec.WriteValue(to, all.Values);
                break;
            case FilterExpression.Match match:
                to.Byte(MatchTag);
                to.Text(match.Key);
                to.Text(match.Text);
                to.Byte(match.AllWords ? (byte)1 : (byte)0);
                break;
            case FilterExpression.GeoRadius radius:
                to.Byte(GeoRadiusTag);
                to.Text(radius.Key);
                WriteDoubles(to, radius.Center.Latitude, radius.Center.Longitude, radius.Meters);
                break;
            case FilterExpression.GeoBox box:
                to.Byte(GeoBoxTag);
                to.Text(box.Key);
                WriteDoubles(to, box.South, box.West, box.North, box.East);
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
            case ContainsAllTag:
                return new FilterExpression.ContainsAll(from.Text(), MetadataCodec.ReadValue(ref from));
            case MatchTag:
                return new FilterExpression.Match(from.Text(), from.Text(), from.Byte() != 0);
            case GeoRadiusTag:
                return new FilterExpression.GeoRadius(
                    from.Text(), new GeoPoint(ReadDouble(ref from), ReadDouble(ref from)), ReadDouble(ref from));
            case GeoBoxTag:
                return new FilterExpression.GeoBox(
                    from.Text(), ReadDouble(ref from), ReadDouble(ref from), ReadDouble(ref from), ReadDouble(ref from));
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

    private static void WriteDoubles(PayloadWriter to, params ReadOnlySpan<double> values)
    {
        foreach (var value in values)
            to.Int64(BitConverter.DoubleToInt64Bits(value));
    }

    private static double ReadDouble(ref PayloadReader from) => BitConverter.Int64BitsToDouble(from.Int64());

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
