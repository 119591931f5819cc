using Rag.Engine.Storage;

namespace Rag.Engine.Tests.Storage;

public sealed class MutationLogDamageTests
{
    [Fact]
    public async Task A_flipped_bit_quarantines_exactly_the_workspace_of_the_record_that_it_hits()
    {
        var scenario = await LogScenario.BuildAsync(seed: 1, commits: 25, maxPayload: 300);
        var scan = scenario.Scan();
        var random = new Random(2);
        foreach (var record in scan)
        {
            var at = random.NextInt64(record.Address, record.End);
            var sink = await scenario.ReplayAsync(disk =>
                LogScenario.ChangeLog(disk, at, at + 1, value => (byte)(value ^ (1 << random.Next(8)))));
            AssertExact(scenario, sink, scenario.Touched(scan, at, at + 1));
        }
    }

    [Fact]
    public async Task Every_damaged_byte_of_the_last_acknowledged_record_is_noticed()
    {
        var scenario = await LogScenario.BuildAsync(seed: 3, commits: 3, maxPayload: 40);
        var scan = scenario.Scan();
        var last = scan.Last(record => record.Header.Type == MutationRecordHeader.MutationType);
        for (var at = last.Address; at < last.End; at += 5)
        {
            var sink = await scenario.ReplayAsync(disk =>
                LogScenario.ChangeLog(disk, at, at + 1, value => (byte)~value));
            AssertExact(scenario, sink, scenario.Touched(scan, at, at + 1));
        }
    }

    [Fact]
    public async Task Damage_to_the_last_acknowledged_record_is_noticed_even_after_a_loss_of_power()
    {
        for (var seed = 0; seed < 8; seed++)
        {
            var disk = new FaultyFileSystem();
            var slice = new SliceId(Guid.CreateVersion7(), 0);
            await using var log = await MutationLogTests.OpenAsync(disk, LogScenario.Folder, new RecordingSink());
            await log.AppendAsync(MutationLogTests.Record(slice, new byte[50]), default);
            var after = disk.LosePower(new Random(seed));
            LogScenario.ChangeLog(after, 64, 1 << 20, _ => 0);
            var sink = new RecordingSink();
            await using var reopened = await MutationLogTests.OpenAsync(after, LogScenario.Folder, sink);
            sink.Quarantined.Keys.ShouldBe([slice.WorkspaceUid]);
        }
    }

    [Theory]
    [InlineData(512)]
    [InlineData(4096)]
    [InlineData(60_000)]
    [InlineData(2 << 20)]
    public async Task Zeroed_or_overwritten_blocks_quarantine_exactly_the_workspaces_that_they_touch(int block)
    {
        var scenario = await LogScenario.BuildAsync(seed: block, commits: 40, maxPayload: 40_000);
        var scan = scenario.Scan();
        var end = scan[^1].End;
        end.ShouldBeGreaterThan(2 << 20);
        var random = new Random(block);
        for (var round = 0; round < 12; round++)
        {
            var from = random.NextInt64(0, end) / block * block;
            var noise = round % 2 == 0;
            var sink = await scenario.ReplayAsync(disk => LogScenario.ChangeLog(
                disk, from, from + block, value => noise ? (byte)(value + 1 + random.Next(255)) : (byte)0));
            var touched = scenario.Touched(scan, from, from + block);
            // Zeros over zeros change nothing: a record of zeros cannot be one, but its padding may.
            AssertExact(scenario, sink, touched);
        }
    }

    [Fact]
    public async Task A_log_cut_short_anywhere_quarantines_exactly_the_workspaces_with_records_behind_the_cut()
    {
        var scenario = await LogScenario.BuildAsync(seed: 4, commits: 20, maxPayload: 2_000);
        var scan = scenario.Scan();
        var random = new Random(5);
        for (var round = 0; round < 20; round++)
        {
            var cut = round == 0 ? scan[^1].Address : random.NextInt64(0, scan[^1].End);
            var sink = await scenario.ReplayAsync(disk =>
                disk.Damage($"{LogScenario.Folder}/mutations.00000000", bytes => bytes[..(int)cut]));
            AssertExact(scenario, sink, scenario.Touched(scan, cut, long.MaxValue));
        }
    }

    [Fact]
    public async Task A_missing_segment_quarantines_exactly_the_workspaces_that_it_held()
    {
        var scenario = await LogScenario.BuildAsync(seed: 6, commits: 60, maxPayload: 60_000, workspaces: 40);
        var scan = scenario.Scan();
        scan[^1].End.ShouldBeGreaterThan(4 << 20);
        foreach (var segment in new[] { 0L, 1L })
        {
            var sink = await scenario.ReplayAsync(disk =>
                disk.Delete($"{LogScenario.Folder}/mutations.{segment:D8}"));
            AssertExact(scenario, sink, scenario.Touched(scan, segment << 22, (segment + 1) << 22));
        }
    }

    [Fact]
    public async Task A_sector_that_cannot_be_read_counts_as_damaged_and_the_log_opens()
    {
        var scenario = await LogScenario.BuildAsync(seed: 17, commits: 12, maxPayload: 3_000);
        var scan = scenario.Scan();
        const int Block = 4096;
        var sink = await scenario.ReplayAsync(disk => disk.IsUnreadable = (path, at) =>
            path.Contains("mutations.", StringComparison.Ordinal) && at is >= 2 * Block and < 3 * Block);
        AssertExact(scenario, sink, scenario.Touched(scan, 2 * Block, 3 * Block));
        sink = await scenario.ReplayAsync(disk => disk.IsUnreadable = (path, at) =>
            path == scenario.JournalFiles()[^1] && at < Block);
        AssertExact(scenario, sink, []);
    }

    [Fact]
    public async Task A_damaged_commit_journal_alone_loses_nothing()
    {
        var scenario = await LogScenario.BuildAsync(seed: 7, commits: 30, maxPayload: 200);
        var journal = scenario.JournalFiles()[^1];
        var used = Array.FindLastIndex(scenario.Disk.Bytes(journal), value => value != 0) + 1;
        var random = new Random(8);
        for (var round = 0; round < 60; round++)
        {
            var from = round == 0 ? used - 20 : random.Next(used);
            var length = new[] { 1, 100, 4096, used }[round % 4];
            var sink = await scenario.ReplayAsync(disk => disk.Damage(journal, bytes =>
            {
                var part = bytes.AsSpan(from, Math.Min(length, bytes.Length - from));
                if (round % 3 == 0)
                    part.Clear();
                else
                    random.NextBytes(part);
                return bytes;
            }));
            AssertExact(scenario, sink, []);
        }
    }

    [Fact]
    public async Task A_commit_journal_that_is_cut_short_or_gone_loses_nothing()
    {
        var scenario = await LogScenario.BuildAsync(seed: 9, commits: 30, maxPayload: 200);
        var journal = scenario.JournalFiles()[^1];
        foreach (var length in new[] { 0, 1, 40, 100, 500, 1000, 2000 })
        {
            var sink = await scenario.ReplayAsync(disk => disk.Damage(journal, bytes => bytes[..length]));
            AssertExact(scenario, sink, []);
        }
        AssertExact(scenario, await scenario.ReplayAsync(disk => disk.Delete(journal)), []);
    }

    [Fact]
    public async Task A_commit_journal_that_is_damaged_after_restarts_loses_nothing()
    {
        var scenario = await LogScenario.BuildAsync(seed: 16, commits: 12, maxPayload: 200);
        await scenario.RestartAsync(times: 2);
        var journal = scenario.JournalFiles()[0];
        var used = Array.FindLastIndex(scenario.Disk.Bytes(journal), value => value != 0) + 1;
        for (var from = used - 16; from > 0; from -= used / 9)
        {
            var sink = await scenario.ReplayAsync(disk => disk.Damage(journal, bytes =>
            {
                bytes.AsSpan(from, used - from).Clear();
                return bytes;
            }));
            AssertExact(scenario, sink, []);
        }
        // The newest file holds no commit, only what was known when it was begun.
        AssertExact(scenario, await scenario.ReplayAsync(disk => disk.Delete(scenario.JournalFiles()[^1])), []);
        AssertExact(scenario, await scenario.ReplayAsync(disk => disk.Delete(journal)), []);
    }

    [Fact]
    public async Task With_log_and_journal_damaged_nothing_is_lost_in_silence()
    {
        var scenario = await LogScenario.BuildAsync(seed: 10, commits: 40, maxPayload: 400);
        var scan = scenario.Scan();
        var journal = scenario.JournalFiles()[^1];
        var used = Array.FindLastIndex(scenario.Disk.Bytes(journal), value => value != 0) + 1;
        // The last commit is left alone: without both of its copies it never was, for all that anyone can tell.
        var lastCommit = scan.FindLast(record => record.Header.Type == MutationRecordHeader.FooterType
            && record.End < scan[^1].End).End;
        var random = new Random(11);
        var silent = 0;
        for (var round = 0; round < 60; round++)
        {
            var from = random.NextInt64(0, lastCommit);
            var to = Math.Min(lastCommit, from + random.Next(1, 6000));
            var journalFrom = random.Next(used);
            var journalLength = random.Next(1, 3000);
            var sink = await scenario.ReplayAsync(disk =>
            {
                LogScenario.ChangeLog(disk, from, to, _ => 0);
                disk.Damage(journal, bytes =>
                {
                    bytes.AsSpan(journalFrom, Math.Min(journalLength, bytes.Length - journalFrom)).Clear();
                    return bytes;
                });
            });
            var incomplete = scenario.Incomplete(sink);
            foreach (var uid in incomplete)
                (sink.Quarantined.ContainsKey(uid) || sink.Unharmed?.Contains(uid) == false).ShouldBeTrue($"round {round}");
            if (incomplete.Count == 0)
                silent++;
        }
        silent.ShouldBeLessThan(60);
    }

    [Fact]
    public async Task What_the_sink_has_in_snapshots_is_not_looked_at()
    {
        var scenario = await LogScenario.BuildAsync(seed: 12, commits: 20, maxPayload: 300);
        var scan = scenario.Scan();
        var from = scenario.Records[scenario.Records.Count / 2].Position;
        var sink = await scenario.ReplayAsync(disk => LogScenario.ChangeLog(disk, 0, from, _ => 0), from);
        sink.Quarantined.ShouldBeEmpty();
        sink.Unharmed.ShouldBeNull();
        sink.Records.Select(record => record.MutationId).ShouldBe(
            scenario.Records.Where(record => record.Position >= from).Select(record => record.MutationId));
        scan.ShouldNotBeEmpty();
    }

    [Fact]
    public async Task A_damaged_log_takes_new_records_behind_the_damage()
    {
        var scenario = await LogScenario.BuildAsync(seed: 13, commits: 10, maxPayload: 300);
        var scan = scenario.Scan();
        var disk = scenario.Disk.KillProcess();
        LogScenario.ChangeLog(disk, scan[^2].Address, scan[^1].End, _ => 0);
        var harmed = scan[^2].Header.Slice;
        var other = scenario.Records.First(record => record.Slice.WorkspaceUid != harmed.WorkspaceUid).Slice;
        var first = new RecordingSink();
        Guid added;
        await using (var log = await MutationLogTests.OpenAsync(disk, LogScenario.Folder, first))
        {
            first.Quarantined.Keys.ShouldBe([harmed.WorkspaceUid]);
            var record = MutationLogTests.Record(other, "more"u8);
            added = record.MutationId;
            await log.AppendAsync(record, default);
        }
        var second = new RecordingSink();
        await using var again = await MutationLogTests.OpenAsync(disk.KillProcess(), LogScenario.Folder, second);
        second.Quarantined.Keys.ShouldBe([harmed.WorkspaceUid]);
        second.IdsOf(other.WorkspaceUid)[^1].ShouldBe(added);
        again.LastSequence(harmed.Partition).ShouldBeGreaterThanOrEqualTo(scan[^2].Header.Sequence);
    }

    [Fact]
    public async Task A_log_of_which_nothing_can_be_read_is_kept_aside_and_every_workspace_is_suspect()
    {
        var scenario = await LogScenario.BuildAsync(seed: 15, commits: 5, maxPayload: 100);
        var disk = scenario.Disk.KillProcess();
        foreach (var path in disk.Paths())
            disk.Damage(path, bytes => [.. bytes.Select(value => (byte)(value ^ 0x55))]);
        var good = disk.Bytes($"{LogScenario.Folder}/mutations.00000000");
        var sink = new RecordingSink();
        await using var log = await MutationLogTests.OpenAsync(disk, LogScenario.Folder, sink);
        sink.Records.ShouldBeEmpty();
        sink.Unharmed.ShouldNotBeNull().ShouldBeEmpty();
        disk.Bytes(disk.Paths().Single(path => path.Contains("lost.", StringComparison.Ordinal))).ShouldBe(good);
        await log.AppendAsync(MutationLogTests.Record(new SliceId(scenario.Workspaces[0], 0), "x"u8), default);
    }

    [Fact]
    public async Task Bytes_in_a_payload_that_look_like_a_record_are_not_taken_for_one()
    {
        var scenario = await LogScenario.BuildAsync(seed: 14, commits: 5, maxPayload: 100);
        var inner = scenario.Disk.Bytes($"{LogScenario.Folder}/mutations.00000000");
        var disk = new FaultyFileSystem();
        var slice = new SliceId(Guid.CreateVersion7(), 0);
        await using (var log = await MutationLogTests.OpenAsync(disk, LogScenario.Folder, new RecordingSink()))
        {
            await log.AppendAsync(MutationLogTests.Record(slice, inner.AsSpan(0, Math.Min(inner.Length, 1 << 20))), default);
            await log.AppendAsync(MutationLogTests.Record(slice, "x"u8), default);
        }
        // The outer record's header is damaged, so the scan goes through its payload.
        LogScenario.ChangeLog(disk, 64 + 4 + 8, 64 + 4 + 12, _ => 0xff);
        var sink = new RecordingSink();
        await using var again = await MutationLogTests.OpenAsync(disk, LogScenario.Folder, sink);
        sink.Quarantined.Keys.ShouldBe([slice.WorkspaceUid]);
        sink.Records.ShouldBeEmpty();
    }

    private static void AssertExact(LogScenario scenario, RecordingSink sink, HashSet<Guid> touched)
    {
        sink.Quarantined.Keys.ShouldBe(touched, ignoreOrder: true);
        sink.Unharmed.ShouldBeNull();
        scenario.Incomplete(sink).ShouldBeSubsetOf(touched);
    }
}
