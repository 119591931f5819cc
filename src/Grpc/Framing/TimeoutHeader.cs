using System.Globalization;

namespace Grpc.Framing;

/// <summary>
/// <c>grpc-timeout</c>: up to eight digits and a unit, H M S m u n. Written in the finest unit that fits and rounded
/// up, so that a server never gives up before its client.
/// </summary>
internal static class TimeoutHeader
{
    public const string Name = "grpc-timeout";

    private const int MaxDigits = 8;
    private const long MaxValue = 99_999_999;
    private const long NanosecondsPerTick = 100;

    private static readonly (char Unit, long Ticks)[] Units =
    [
        ('m', TimeSpan.TicksPerMillisecond),
        ('S', TimeSpan.TicksPerSecond),
        ('M', TimeSpan.TicksPerMinute),
        ('H', TimeSpan.TicksPerHour),
    ];

    /// <summary>A timeout as header text; not positive gives the least, "1n".</summary>
    public static string Format(TimeSpan timeout)
    {
        if (timeout.Ticks <= 0)
            return "1n";
        if (timeout.Ticks <= MaxValue / NanosecondsPerTick)
            return (timeout.Ticks * NanosecondsPerTick).ToString(CultureInfo.InvariantCulture) + "n";
        if (timeout.Ticks <= MaxValue * TimeSpan.TicksPerMicrosecond)
            return DivideUp(timeout.Ticks, TimeSpan.TicksPerMicrosecond) + "u";
        foreach (var (unit, ticks) in Units)
        {
            if (timeout.Ticks <= MaxValue * ticks || unit == 'H')
                return DivideUp(timeout.Ticks, ticks) + unit;
        }

        return MaxValue.ToString(CultureInfo.InvariantCulture) + "H";
    }

    /// <summary>Reads header text; false where it is none.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out TimeSpan timeout)
    {
        timeout = default;
        if (text.Length is < 2 or > MaxDigits + 1 || text[..^1].ContainsAnyExceptInRange('0', '9'))
            return false;
        var value = long.Parse(text[..^1], NumberStyles.None, CultureInfo.InvariantCulture);
        long ticks;
        switch (text[^1])
        {
            case 'n':
                ticks = (value + NanosecondsPerTick - 1) / NanosecondsPerTick;
                break;
            case 'u':
                ticks = value * TimeSpan.TicksPerMicrosecond;
                break;
            case 'm':
                ticks = value * TimeSpan.TicksPerMillisecond;
                break;
            case 'S':
                ticks = value * TimeSpan.TicksPerSecond;
                break;
            case 'M':
                ticks = value * TimeSpan.TicksPerMinute;
                break;
            case 'H':
                ticks = value * TimeSpan.TicksPerHour;
                break;
            default:
                return false;
        }

        timeout = new TimeSpan(ticks);
        return true;
    }

    private static string DivideUp(long ticks, long unit) =>
        Math.Min((ticks / unit) + (ticks % unit == 0 ? 0 : 1), MaxValue).ToString(CultureInfo.InvariantCulture);
}
