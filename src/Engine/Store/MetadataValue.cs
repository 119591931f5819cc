namespace Rag.Engine;

/// <summary>
/// One value of a chunk's metadata: a string, integer, float, boolean, timestamp or place, or a list of one of these.
/// Immutable. Lists are read by index; a single value is a list of one for <see cref="Count"/> and the readers.
/// </summary>
public readonly struct MetadataValue : IEquatable<MetadataValue>
{
    // Single string: the string. List of strings: string[]. Single other: null, bits in _bits. List of others: long[].
    private readonly object? _reference;
    private readonly long _bits;

    private MetadataValue(MetadataKind kind, bool isList, object? reference, long bits)
    {
        Kind = kind;
        IsList = isList;
        _reference = reference;
        _bits = bits;
    }

    /// <summary>Type of the value or of its elements.</summary>
    public MetadataKind Kind { get; }

    /// <summary>True if it was made as a list, also of one element or none.</summary>
    public bool IsList { get; }

    /// <summary>Number of elements; 1 for a single value.</summary>
    public int Count => !IsList ? 1 : Kind == MetadataKind.String ? Strings.Length : Numbers.Length;

    private string[] Strings => (string[])_reference!;

    private long[] Numbers => (long[])_reference!;

    public static MetadataValue Of(string value) => new(MetadataKind.String, false, value, 0);

    public static MetadataValue Of(long value) => new(MetadataKind.Integer, false, null, value);

    public static MetadataValue Of(double value) =>
        new(MetadataKind.Float, false, null, BitConverter.DoubleToInt64Bits(value));

    public static MetadataValue Of(bool value) => new(MetadataKind.Boolean, false, null, value ? 1 : 0);

    public static MetadataValue Of(DateTimeOffset value) => new(MetadataKind.Timestamp, false, null, value.UtcTicks);

    /// <summary>A place; both numbers must be degrees.</summary>
    public static MetadataValue Of(GeoPoint value) => new(MetadataKind.Location, false, null, value.Pack());

    public static MetadataValue List(IEnumerable<string> values) =>
        new(MetadataKind.String, true, values.ToArray(), 0);

    public static MetadataValue List(IEnumerable<long> values) => OfBits(MetadataKind.Integer, [.. values]);

    public static MetadataValue List(IEnumerable<double> values) =>
        OfBits(MetadataKind.Float, [.. values.Select(BitConverter.DoubleToInt64Bits)]);

    public static MetadataValue List(IEnumerable<bool> values) =>
        OfBits(MetadataKind.Boolean, [.. values.Select(value => value ? 1L : 0L)]);

    public static MetadataValue List(IEnumerable<DateTimeOffset> values) =>
        OfBits(MetadataKind.Timestamp, [.. values.Select(value => value.UtcTicks)]);

    public static MetadataValue List(IEnumerable<GeoPoint> values) =>
        OfBits(MetadataKind.Location, [.. values.Select(value => value.Pack())]);

    /// <summary>Element <paramref name="index"/> as a single value.</summary>
    public MetadataValue At(int index) => Kind == MetadataKind.String ? Of(AsString(index)) : OfBits(Kind, Bits(index));

    /// <summary>Element <paramref name="index"/> of a value of kind String.</summary>
    public string AsString(int index = 0)
    {
        Expect(MetadataKind.String, index);
        return IsList ? Strings[index] : (string)_reference!;
    }

    /// <summary>Element <paramref name="index"/> of a value of kind Integer.</summary>
    public long AsInteger(int index = 0)
    {
        Expect(MetadataKind.Integer, index);
        return Bits(index);
    }

    /// <summary>Element <paramref name="index"/> of a value of kind Float.</summary>
    public double AsFloat(int index = 0)
    {
        Expect(MetadataKind.Float, index);
        return BitConverter.Int64BitsToDouble(Bits(index));
    }

    /// <summary>Element <paramref name="index"/> of a value of kind Boolean.</summary>
    public bool AsBoolean(int index = 0)
    {
        Expect(MetadataKind.Boolean, index);
        return Bits(index) != 0;
    }

    /// <summary>Element <paramref name="index"/> of a value of kind Timestamp, in UTC.</summary>
    public DateTimeOffset AsTimestamp(int index = 0)
    {
        Expect(MetadataKind.Timestamp, index);
        return new DateTimeOffset(Bits(index), TimeSpan.Zero);
    }

    /// <summary>Element <paramref name="index"/> of a value of kind Location.</summary>
    public GeoPoint AsLocation(int index = 0)
    {
        Expect(MetadataKind.Location, index);
        return GeoPoint.Unpack(Bits(index));
    }

    public bool Equals(MetadataValue other)
    {
        if (Kind != other.Kind || IsList != other.IsList || (IsList && Count != other.Count))
            return false;
        if (!IsList)
            return Kind == MetadataKind.String ? Equals(_reference, other._reference) : _bits == other._bits;
        return Kind == MetadataKind.String
            ? Strings.AsSpan().SequenceEqual(other.Strings)
            : Numbers.AsSpan().SequenceEqual(other.Numbers);
    }

    public override bool Equals(object? obj) => obj is MetadataValue other && Equals(other);

    public override int GetHashCode() =>
        Count == 0 ? (int)Kind
            : HashCode.Combine(Kind, Count, Kind == MetadataKind.String ? AsString() : (object)Bits(0));

    public override string ToString() =>
        IsList ? $"[{string.Join(", ", Enumerable.Range(0, Count).Select(Text))}]" : Text(0);

    public static bool operator ==(MetadataValue left, MetadataValue right) => left.Equals(right);

    public static bool operator !=(MetadataValue left, MetadataValue right) => !left.Equals(right);

    /// <summary>A single value of a kind other than String from its stored bits.</summary>
    internal static MetadataValue OfBits(MetadataKind kind, long bits) => new(kind, false, null, bits);

    /// <summary>A list of a kind other than String from its stored bits.</summary>
    internal static MetadataValue OfBits(MetadataKind kind, long[] bits) => new(kind, true, bits, 0);

    /// <summary>The 64 bits that stand for an element: integer, double's bits, 0 or 1, UTC ticks, packed place.</summary>
    internal long Bits(int index) => IsList ? Numbers[index] : _bits;

    private void Expect(MetadataKind kind, int index)
    {
        if (Kind != kind)
            throw new InvalidOperationException($"The value is of kind {Kind}, not {kind}.");
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)Count);
    }

    private string Text(int index) => Kind switch
    {
        MetadataKind.String => AsString(index),
        MetadataKind.Integer => AsInteger(index).ToString(),
        MetadataKind.Float => AsFloat(index).ToString("R"),
        MetadataKind.Boolean => AsBoolean(index) ? "true" : "false",
        MetadataKind.Timestamp => AsTimestamp(index).ToString("O"),
        MetadataKind.Location => AsLocation(index).ToString(),
        _ => "none",
    };
}
