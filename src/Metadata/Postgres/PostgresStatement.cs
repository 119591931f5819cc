namespace Rag.Metadata.Postgres;

/// <summary>One SQL statement with its arguments <c>$1</c>, <c>$2</c>, ….</summary>
internal readonly record struct PostgresStatement(string Sql, object?[] Arguments)
{
    public static PostgresStatement Of(string sql, params object?[] arguments) => new(sql, arguments);
}
