using System.Globalization;
using Microsoft.Data.Sqlite;

namespace Rag.Metadata.Sqlite;

/// <summary>One connection with its prepared statements. For one thread at a time.</summary>
internal sealed class SqliteSession : IDisposable
{
    private readonly SqliteConnection _connection;
    private readonly Dictionary<string, SqliteCommand> _statements = new(StringComparer.Ordinal);

    public SqliteSession(string path, TimeSpan busyTimeout)
    {
        var text = new SqliteConnectionStringBuilder
        {
            DataSource = path,
            Mode = SqliteOpenMode.ReadWriteCreate,
            Pooling = false,
            DefaultTimeout = (int)Math.Ceiling(busyTimeout.TotalSeconds),
        };
        _connection = new SqliteConnection(text.ToString());
        try
        {
            _connection.Open();
            // SQLite's own waiting reacts within milliseconds; the provider's sleeps 150 ms between tries.
            RunScript(string.Create(
                CultureInfo.InvariantCulture, $"PRAGMA busy_timeout = {(long)busyTimeout.TotalMilliseconds}"));
        }
        catch
        {
            _connection.Dispose();
            throw;
        }
    }

    /// <summary>
    /// The prepared statement of a constant text, with these parameters: @0, @1, … Values are Guid, string, long, int,
    /// bool, byte arrays and spans' memory, times and nulls.
    /// </summary>
    public SqliteCommand Statement(string sql, params ReadOnlySpan<object?> values)
    {
        if (!_statements.TryGetValue(sql, out var command))
        {
            command = _connection.CreateCommand();
            command.CommandText = sql;
            for (var i = 0; i < values.Length; i++)
                command.Parameters.Add(new SqliteParameter { ParameterName = $"@{i}" });
            _statements.Add(sql, command);
        }

        for (var i = 0; i < values.Length; i++)
            command.Parameters[i].Value = SqliteValues.ToParameter(values[i]);
        return command;
    }

    /// <summary>Runs a statement and returns the number of rows that it changed.</summary>
    public int Execute(string sql, params ReadOnlySpan<object?> values) => Statement(sql, values).ExecuteNonQuery();

    /// <summary>First column of the first row, or null.</summary>
    public long? ReadLong(string sql, params ReadOnlySpan<object?> values) =>
        Statement(sql, values).ExecuteScalar() is long value ? value : null;

    /// <summary>The first row, or null.</summary>
    public T? ReadOne<T>(Func<SqliteDataReader, T> read, string sql, params ReadOnlySpan<object?> values)
        where T : class
    {
        using var reader = Statement(sql, values).ExecuteReader();
        return reader.Read() ? read(reader) : null;
    }

    /// <summary>All rows.</summary>
    public List<T> ReadAll<T>(Func<SqliteDataReader, T> read, string sql, params ReadOnlySpan<object?> values)
    {
        var rows = new List<T>();
        using var reader = Statement(sql, values).ExecuteReader();
        while (reader.Read())
            rows.Add(read(reader));
        return rows;
    }

    /// <summary>Runs a text of several statements that is used once.</summary>
    public void RunScript(string sql)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    public void Dispose()
    {
        foreach (var statement in _statements.Values)
            statement.Dispose();
        _connection.Dispose();
    }
}
