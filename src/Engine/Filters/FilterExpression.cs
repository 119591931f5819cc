namespace Rag.Engine.Filters;

/// <summary>
/// A condition on a chunk's metadata. It is typed: a condition on strings sees only the strings under its key, and so
/// on; a chunk without a value of that type does not meet it. A list meets a condition if one of its elements does.
/// </summary>
public abstract record FilterExpression
{
    private protected FilterExpression()
    {
    }

    /// <summary>The value under <paramref name="Key"/> equals a single <paramref name="Value"/>.</summary>
    public sealed record Equal(string Key, MetadataValue Value) : FilterExpression;

    /// <summary>The value is one of <paramref name="Values"/>: a list of any kind; an empty one accepts
    /// nothing.</summary>
    public sealed record In(string Key, MetadataValue Values) : FilterExpression;

    /// <summary>
    /// The value lies between two bounds of one kind (not Boolean); a null bound is open, at least one is given.
    /// Strings are compared bytewise in UTF-8.
    /// </summary>
    public sealed record Range(
        string Key, MetadataValue? Lower, bool LowerInclusive, MetadataValue? Upper, bool UpperInclusive)
        : FilterExpression;

    /// <summary>There is a value under <paramref name="Key"/>, of whatever kind; an empty list is none.</summary>
    public sealed record Exists(string Key) : FilterExpression;

    /// <summary>Each of <paramref name="Values"/>, a list of any kind, is among the values under the key; at least
    /// one.</summary>
    public sealed record ContainsAll(string Key, MetadataValue Values) : FilterExpression;

    /// <summary>
    /// A string under <paramref name="Key"/>, or the chunk's text where the key is empty, has all words of a text, or any
    /// of them, analysed as for a search by words. A text without words accepts nothing. Not for deletes.
    /// </summary>
    public sealed record Match(string Key, string Text, bool AllWords) : FilterExpression;

    /// <summary>A place under <paramref name="Key"/> is at most so many meters from the center, along the
    /// earth.</summary>
    public sealed record GeoRadius(string Key, GeoPoint Center, double Meters) : FilterExpression;

    /// <summary>A place under <paramref name="Key"/> lies in a box, edges included; one whose west is greater than its
    /// east spans the meridian of 180 degrees.</summary>
    public sealed record GeoBox(string Key, double South, double West, double North, double East) : FilterExpression;

    /// <summary>All operands hold; true if there are none.</summary>
    public sealed record And(IReadOnlyList<FilterExpression> Operands) : FilterExpression;

    /// <summary>At least one operand holds; false if there are none.</summary>
    public sealed record Or(IReadOnlyList<FilterExpression> Operands) : FilterExpression;

    /// <summary>The operand does not hold.</summary>
    public sealed record Not(FilterExpression Operand) : FilterExpression;
}
