using Npgsql;

namespace Rag.Metadata.Postgres;

/// <summary>Which PostgreSQL servers keep the metadata, and how they are used.</summary>
public sealed class PostgresMetadataOptions
{
    /// <summary>
    /// What the connection string may override: few connections a process, since all processes share the servers'; soon
    /// found servers; no wait without an end; statements prepared at their first use, for a rare one meets another connection
    /// each time, and what is prepared on many connections is prepared often. Every statement is a short one with
    /// an index for it: one plan serves all its arguments, compiling it costs many times what it saves (20 ms and more), and
    /// a plan that was made while a table was small must not read it whole once it has grown.
    /// </summary>
    private const string Defaults =
        "Database=rag;Application Name=rag;Search Path=rag;Load Balance Hosts=true;Host Recheck Seconds=2;"
        + "Timeout=3;Command Timeout=10;Cancellation Timeout=1000;Keepalive=15;Tcp Keepalive=true;"
        + "Maximum Pool Size=12;Connection Idle Lifetime=60;Max Auto Prepare=128;Auto Prepare Min Usages=1;Enlist=false;"
        + "Options=-c lock_timeout=5s -c idle_in_transaction_session_timeout=30s -c jit=off "
        + "-c plan_cache_mode=force_generic_plan -c enable_seqscan=off;";

    /// <summary>
    /// As Npgsql takes it: <c>Host=a,b,c;Username=rag;Password=…;Database=rag</c>. Name the primary and its replicas in
    /// any order: which is which is found out. Empty: no PostgreSQL.
    /// </summary>
    public string ConnectionString { get; init; } = "";

    /// <summary>
    /// How often waiting for work looks for itself, should a signal of another process be lost. Default 1 s; 10 ms to
    /// 1 min.
    /// </summary>
    public TimeSpan PollInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// A replica that is further behind than this is not read from. Default 10 s; 100 ms to 1 h. What this process wrote
    /// or was shown before, it is shown again, however small the lag.
    /// </summary>
    public TimeSpan MaxReplicaLag { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a start waits for a server that can be used. Default 30 s; 0 to 10 min.</summary>
    public TimeSpan StartPatience { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How often partitions by month are made ahead and dropped. Default 1 h; 1 s to 1 day.</summary>
    public TimeSpan MaintenanceInterval { get; init; } = TimeSpan.FromHours(1);

    /// <summary>How many months after the current one have their partitions. Default 3; 1 to 24.</summary>
    public int MonthsAhead { get; init; } = 3;

    /// <summary>Chat messages are dropped by month when they are older. Default 0: never; else at least 1 day.</summary>
    public TimeSpan ChatRetention { get; init; }

    /// <summary>Audit records are dropped by month when they are older. Default 400 days; 0: never.</summary>
    public TimeSpan AuditRetention { get; init; } = TimeSpan.FromDays(400);

    /// <summary>Every option that is out of range, as a sentence; never with a value of the connection string.</summary>
    public IEnumerable<string> Validate()
    {
        if (ConnectionFault() is { } fault)
            yield return $"{nameof(ConnectionString)}: {fault}";
        if (PollInterval < TimeSpan.FromMilliseconds(10) || PollInterval > TimeSpan.FromMinutes(1))
            yield return $"{nameof(PollInterval)}: {PollInterval} is not between 10 milliseconds and 1 minute.";
        if (MaxReplicaLag < TimeSpan.FromMilliseconds(100) || MaxReplicaLag > TimeSpan.FromHours(1))
            yield return $"{nameof(MaxReplicaLag)}: {MaxReplicaLag} is not between 100 milliseconds and 1 hour.";
        if (StartPatience < TimeSpan.Zero || StartPatience > TimeSpan.FromMinutes(10))
            yield return $"{nameof(StartPatience)}: {StartPatience} is not between 0 and 10 minutes.";
        if (MaintenanceInterval < TimeSpan.FromSeconds(1) || MaintenanceInterval > TimeSpan.FromDays(1))
            yield return $"{nameof(MaintenanceInterval)}: {MaintenanceInterval} is not between 1 second and 1 day.";
        if (MonthsAhead is < 1 or > 24)
            yield return $"{nameof(MonthsAhead)}: {MonthsAhead} is not between 1 and 24.";
        if (ChatRetention != TimeSpan.Zero && ChatRetention < TimeSpan.FromDays(1))
            yield return $"{nameof(ChatRetention)}: {ChatRetention} is neither 0 nor at least 1 day.";
        if (AuditRetention != TimeSpan.Zero && AuditRetention < TimeSpan.FromDays(1))
            yield return $"{nameof(AuditRetention)}: {AuditRetention} is neither 0 nor at least 1 day.";
    }

    /// <summary>The connection string over our defaults; what it names counts.</summary>
    internal NpgsqlConnectionStringBuilder Connection() => new(Defaults + ConnectionString);

    private string? ConnectionFault()
    {
        try
        {
            return string.IsNullOrWhiteSpace(Connection().Host)
                ? "name the servers, such as Host=db-0,db-1,db-2;Username=rag;Password=…;Database=rag." : null;
        }
        catch (Exception wrong) when (wrong is ArgumentException or FormatException or InvalidOperationException)
        {
            // These messages name the keyword at most. Causes may quote values: they are left out.
            return $"it cannot be read: {wrong.Message}";
        }
    }
}
