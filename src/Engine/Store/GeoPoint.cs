namespace Rag.Engine;

/// <summary>
/// A place on the earth in degrees: latitude −90…90, longitude −180…180. Kept to 10⁻⁷ degrees, about a centimetre:
/// <code>
///  63              32 31               0
/// [ latitude · 10⁷   ][ longitude · 10⁷  ]   both signed
/// </code>
/// </summary>
/// <param name="Latitude">Degrees north of the equator.</param>
/// <param name="Longitude">Degrees east of Greenwich.</param>
public readonly record struct GeoPoint(double Latitude, double Longitude)
{
    private const double UnitsPerDegree = 1e7;

    /// <summary>Whether both numbers are degrees of the earth.</summary>
    public bool IsValid => Latitude is >= -90 and <= 90 && Longitude is >= -180 and <= 180;

    /// <summary>Degrees as they are kept.</summary>
    internal static int Units(double degrees) => (int)Math.Round(degrees * UnitsPerDegree);

    internal static double Degrees(int units) => units / UnitsPerDegree;

    internal long Pack() => (long)Units(Latitude) << 32 | (uint)Units(Longitude);

    internal static GeoPoint Unpack(long bits) => new(Degrees((int)(bits >> 32)), Degrees((int)bits));
}
