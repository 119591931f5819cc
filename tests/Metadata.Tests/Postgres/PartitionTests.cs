using Rag.Metadata.Postgres;
using Rag.Testing;

namespace Rag.Metadata.Tests.Postgres;

public sealed class PartitionTests(SharedPostgres server)
{
    private static readonly DateOnly Day = new(2030, 11, 17);

    [Fact]
    public void The_current_month_and_those_ahead_are_missing_until_they_are_made()
    {
        MonthPartitions.Missing("t", ["t_203011", "t_203101"], Day, 2).ShouldBe([new DateOnly(2030, 12, 1)]);
        MonthPartitions.Missing("t", [], new DateOnly(2031, 1, 31), 1)
            .ShouldBe([new DateOnly(2031, 1, 1), new DateOnly(2031, 2, 1)]);
    }

    [Fact]
    public void A_month_expires_when_its_last_moment_is_past_the_retention()
    {
        string[] present = ["t_202912", "t_203001", "t_203002", "t_199913", "t_old", "other_200001"];
        var now = new DateTimeOffset(2030, 3, 3, 0, 0, 0, TimeSpan.Zero);
        MonthPartitions.Expired("t", present, now, TimeSpan.FromDays(30)).ShouldBe(["t_202912", "t_203001"]);
        MonthPartitions.Expired("t", present, now, TimeSpan.FromDays(31)).ShouldBe(["t_202912"]);
        MonthPartitions.Expired("t", present, now, TimeSpan.Zero).ShouldBeEmpty();
    }

    [Fact]
    public async Task Partitions_are_made_ahead_filled_and_dropped_by_retention()
    {
        var time = new ManualTime();
        await using var store = await OpenAsync(time, await server.CreateDatabaseAsync(empty: true));
        var database = Database!;
        // The store begins by itself as well: whoever comes second does nothing and is back before the first is done.
        await MaintainUntilAsync(store, database, ("chat_messages", "chat_messages_203004"), ("audit_log", "audit_log_203004"));
        (await PartitionsAsync(database, "audit_log")).ShouldBe(["audit_log_203001", "audit_log_203002", "audit_log_203003", "audit_log_203004"]);
        (await PartitionsAsync(database, "chat_messages")).Count.ShouldBe(4);
        foreach (var moment in new[] { "2030-01-01 00:00:00+00", "2030-01-31 23:59:59.999999+00", "2030-02-01 00:00:00+00" })
        {
            await SharedPostgres.ExecuteAsync(database,
                $"INSERT INTO audit_log VALUES (gen_random_uuid(), NULL, 'me', 'did', 'it', 'OK', '{{}}', '{moment}')");
            await SharedPostgres.ExecuteAsync(database,
                $"INSERT INTO chat_messages VALUES (gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 1, 'hello', 1, '{moment}')");
        }

        (await SharedPostgres.ScalarAsync<long>(database, "SELECT count(*) FROM audit_log_203001")).ShouldBe(2);
        time.Advance(TimeSpan.FromDays(91));
        await Task.WhenAll(store.MaintainAsync(default), store.MaintainAsync(default));
        await MaintainUntilAsync(store, database, ("chat_messages", "chat_messages_203007"), ("audit_log", "audit_log_203007"));
        // Retention of 60 days in April: January is over for longer, February is not.
        (await PartitionsAsync(database, "audit_log")).ShouldBe(
            ["audit_log_203002", "audit_log_203003", "audit_log_203004", "audit_log_203005", "audit_log_203006", "audit_log_203007"]);
        (await SharedPostgres.ScalarAsync<long>(database, "SELECT count(*) FROM audit_log")).ShouldBe(1);
        // Chat messages are kept for ever unless said otherwise.
        (await SharedPostgres.ScalarAsync<long>(database, "SELECT count(*) FROM chat_messages")).ShouldBe(3);
    }

    private string? Database { get; set; }

    private Task<PostgresMetadataStore> OpenAsync(TimeProvider time, string database)
    {
        Database = database;
        return PostgresMetadataStore.OpenAsync(
            new PostgresMetadataOptions
            {
                ConnectionString = database + ";Command Timeout=60;Timeout=30",
                AuditRetention = TimeSpan.FromDays(60),
                MaintenanceInterval = TimeSpan.FromHours(12),
            },
            time: time);
    }

    private static Task MaintainUntilAsync(
        PostgresMetadataStore store, string database, params (string Table, string Last)[] wanted) => Eventually.HoldsAsync(
        async () =>
        {
            await store.MaintainAsync(default);
            foreach (var (table, last) in wanted)
            {
                if ((await PartitionsAsync(database, table))[^1] != last)
                    return false;
            }

            return true;
        },
        "the last partitions are there");

    private static async Task<List<string>> PartitionsAsync(string database, string table) =>
    [
        .. (await SharedPostgres.ScalarAsync<string>(database,
            "SELECT coalesce(string_agg(c.relname, ' ' ORDER BY c.relname), '') FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid "
            + $"WHERE i.inhparent = '{table}'::regclass")).Split(' '),
    ];
}
