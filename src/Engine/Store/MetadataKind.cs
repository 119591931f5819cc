namespace Rag.Engine;

/// <summary>Type of a metadata value, or of the elements of a list. The numbers are stored: never change
/// them.</summary>
public enum MetadataKind : byte
{
    /// <summary>A keyword, compared bytewise in UTF-8.</summary>
    String = 1,

    /// <summary>A signed 64-bit integer.</summary>
    Integer = 2,

    /// <summary>A 64-bit float; NaN is refused.</summary>
    Float = 3,

    /// <summary>True or false.</summary>
    Boolean = 4,

    /// <summary>A moment in UTC with a resolution of 100 ns.</summary>
    Timestamp = 5,

    /// <summary>A place on the earth (<see cref="GeoPoint"/>).</summary>
    Location = 6,
}
