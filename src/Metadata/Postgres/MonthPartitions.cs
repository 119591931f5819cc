using System.Globalization;
using System.Text.RegularExpressions;

namespace Rag.Metadata.Postgres;

/// <summary>
/// Which partitions of a table by month have to be there and which have to go. A partition is called TABLE_YYYYMM and
/// holds one month of UTC.
/// </summary>
internal static partial class MonthPartitions
{
    /// <summary>Months that lack a partition: the current one and those ahead.</summary>
    public static IEnumerable<DateOnly> Missing(
        string table, IReadOnlyCollection<string> present, DateOnly today, int monthsAhead)
    {
        for (var i = 0; i <= monthsAhead; i++)
        {
            var month = FirstOf(today).AddMonths(i);
            if (!present.Contains(NameOf(table, month)))
                yield return month;
        }
    }

    /// <summary>Partitions whose every row is older than <paramref name="retention"/>; 0 keeps them all.</summary>
    public static IEnumerable<string> Expired(
        string table, IEnumerable<string> present, DateTimeOffset now, TimeSpan retention)
    {
        if (retention == TimeSpan.Zero)
            yield break;
        foreach (var name in present)
        {
            // What somebody else attached under another name is left alone.
            if (MonthOf(table, name) is { } month && EndOf(month) <= now - retention)
                yield return name;
        }
    }

    public static string NameOf(string table, DateOnly month) =>
        string.Create(CultureInfo.InvariantCulture, $"{table}_{month:yyyyMM}");

    /// <summary>The statement that makes a partition of it; the table is readable and writable meanwhile.</summary>
    public static string[] Creation(string table, DateOnly month)
    {
        var name = NameOf(table, month);
        return
        [
            $"CREATE TABLE {name} (LIKE {table} INCLUDING DEFAULTS INCLUDING CONSTRAINTS)",
            string.Create(CultureInfo.InvariantCulture,
                $"ALTER TABLE {table} ATTACH PARTITION {name} FOR VALUES FROM ('{month:yyyy-MM-dd} 00:00:00+00') "
                + $"TO ('{month.AddMonths(1):yyyy-MM-dd} 00:00:00+00')"),
        ];
    }

    private static DateOnly? MonthOf(string table, string name)
    {
        var match = Month().Match(name);
        return match.Success && match.Groups["table"].Value == table && DateOnly.TryParseExact(
            match.Groups["month"].Value, "yyyyMM", CultureInfo.InvariantCulture, DateTimeStyles.None, out var month)
            ? month : null;
    }

    private static DateTimeOffset EndOf(DateOnly month) =>
        new(month.AddMonths(1).ToDateTime(TimeOnly.MinValue), TimeSpan.Zero);

    private static DateOnly FirstOf(DateOnly day) => new(day.Year, day.Month, 1);

    [GeneratedRegex(@"^(?<table>\w+)_(?<month>\d{6})$")]
    private static partial Regex Month();
}
