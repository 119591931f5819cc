using Npgsql;

namespace Rag.Metadata.Postgres;

/// <summary>What PostgreSQL takes in another form than .NET has it.</summary>
internal static class PostgresValues
{
    /// <summary>
    /// The time that statements go by: null, for which they take the server's, so that leases do not depend on the
    /// clocks of many machines; or that of a clock which a test moves.
    /// </summary>
    public static object? Now(TimeProvider time) => ReferenceEquals(time, TimeProvider.System) ? null : time.GetUtcNow();

    /// <summary>PostgreSQL's text cannot hold U+0000: in what only people read, it becomes U+FFFD.</summary>
    public static string Readable(string text) => text.Replace('\0', '\uFFFD');

    /// <summary>False for an id that the database cannot hold, and therefore has not.</summary>
    public static bool CanHold(string id) => !id.Contains('\0', StringComparison.Ordinal);

    public static NpgsqlParameter Parameter(object? value) => new() { Value = value ?? DBNull.Value };

    public static DateTimeOffset GetTime(this NpgsqlDataReader row, int column) => row.GetFieldValue<DateTimeOffset>(column);

    public static byte[] GetBytes(this NpgsqlDataReader row, int column) => row.GetFieldValue<byte[]>(column);
}
