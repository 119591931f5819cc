namespace Rag.Engine.Filters;

/// <summary>
/// Whether a packed place lies in a box, its edges included. A box whose western edge is east of its eastern one spans
/// the meridian of 180 degrees.
/// </summary>
internal readonly struct GeoBoxTest(double south, double west, double north, double east) : INumberTest
{
    private const int HalfTurn = 1_800_000_000;

    private readonly int _south = GeoPoint.Units(south);
    private readonly int _west = GeoPoint.Units(west);
    private readonly int _north = GeoPoint.Units(north);
    private readonly int _east = GeoPoint.Units(east);

    public bool Accepts(long value)
    {
        var (latitude, longitude) = ((int)(value >> 32), (int)value);
        return latitude >= _south && latitude <= _north
            && (HasLongitude(longitude) || (Math.Abs(longitude) == HalfTurn && HasLongitude(-longitude)));
    }

    private bool HasLongitude(int longitude) => _west <= _east
        ? longitude >= _west && longitude <= _east
        : longitude >= _west || longitude <= _east;
}

/// <summary>
/// Whether a packed place lies within a distance of another one, on a sphere of the earth's mean radius (so up to 0.6 %
/// beside the truth). Most rows are told by their latitude alone.
/// </summary>
internal readonly struct GeoRadiusTest : INumberTest
{
    /// <summary>The earth's mean radius.</summary>
    public const double EarthMeters = 6_371_008.8;

    private const double Radian = Math.PI / 180;

    private readonly double _latitude;
    private readonly double _longitude;
    private readonly double _cosine;
    private readonly double _most;
    private readonly long _lowest;
    private readonly long _highest;

    public GeoRadiusTest(GeoPoint center, double meters)
    {
        _latitude = center.Latitude * Radian;
        _longitude = center.Longitude * Radian;
        _cosine = Math.Cos(_latitude);
        var angle = Math.Min(meters / EarthMeters, Math.PI);
        _most = angle >= Math.PI ? 2 : Square(Math.Sin(angle / 2));
        // A degree more than needed keeps rounding out of it.
        _lowest = GeoPoint.Units(center.Latitude) - (long)((angle / Radian + 1) * 1e7);
        _highest = GeoPoint.Units(center.Latitude) + (long)((angle / Radian + 1) * 1e7);
    }

    public bool Accepts(long value)
    {
        var units = (int)(value >> 32);
        if (units < _lowest || units > _highest)
            return false;
        var latitude = GeoPoint.Degrees(units) * Radian;
        var longitude = GeoPoint.Degrees((int)value) * Radian;
        // The haversine: exact also for places that lie close together.
        return Square(Math.Sin((latitude - _latitude) / 2))
            + _cosine * Math.Cos(latitude) * Square(Math.Sin((longitude - _longitude) / 2)) <= _most;
    }

    private static double Square(double value) => value * value;
}
