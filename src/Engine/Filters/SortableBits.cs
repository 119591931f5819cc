namespace Rag.Engine.Filters;

/// <summary>Turns stored bits of numbers into 64-bit integers of the same order, so that one column serves
/// all.</summary>
internal static class SortableBits
{
    /// <summary>From the bits of an element of kind Integer, Float or Timestamp.</summary>
    public static long Of(MetadataKind kind, long bits) => kind == MetadataKind.Float ? OfDouble(bits) : bits;

    // Negative doubles grow with their bits downwards; −0 and +0 are equal.
    private static long OfDouble(long bits)
    {
        if (bits == long.MinValue)
            return 0;
        return bits >= 0 ? bits : long.MinValue - bits;
    }

    /// <summary>The stored bits again (−0 comes back as 0).</summary>
    public static long Back(MetadataKind kind, long sortable) =>
        kind == MetadataKind.Float && sortable < 0 ? long.MinValue - sortable : sortable;
}
