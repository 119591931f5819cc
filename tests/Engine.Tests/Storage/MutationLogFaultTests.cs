using Rag.Engine.Storage;
using Rag.Testing;

namespace Rag.Engine.Tests.Storage;

public sealed class MutationLogFaultTests
{
    private static readonly SliceId Slice = new(Guid.CreateVersion7(), 1);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(5, 0, "mutations", typeof(StorageFaultException))]
    [InlineData(28, 0, "mutations", typeof(StorageFullException))]
    [InlineData(5, 0, "commits", typeof(StorageFaultException))]
    [InlineData(0, 5, "mutations", typeof(StorageFaultException))]
    [InlineData(0, 5, "commits", typeof(StorageFaultException))]
    [InlineData(0, 5, "", typeof(StorageFaultException))]
    public async Task A_failing_device_refuses_writes_and_the_log_goes_on_when_it_works_again(
        int writeError, int syncError, string files, Type expected)
    {
        var disk = new FaultyFileSystem();
        var sink = new RecordingSink();
        await using var log = await MutationLogTests.OpenAsync(disk, "/log", sink);
        await log.AppendAsync(Record(), Cancel);

        disk.Concerns = path => path.Contains(files, StringComparison.Ordinal);
        disk.WriteError = writeError;
        disk.SyncError = syncError;
        var refused = Record();
        (await Should.ThrowAsync<IOException>(async () => await log.AppendAsync(refused, Cancel))).ShouldBeOfType(expected);
        (await Should.ThrowAsync<IOException>(async () => await log.AppendAsync(Record(), Cancel))).ShouldBeOfType(expected);
        log.IsWritable.ShouldBeFalse();
        sink.Records.Count.ShouldBe(1);

        disk.WriteError = 0;
        disk.SyncError = 0;
        await Eventually.HoldsAsync(() => log.IsWritable, "the log is reopened");
        var accepted = Record();
        (await log.AppendAsync(accepted, Cancel)).ShouldBe(2ul);
        (await log.AppendAsync(refused, Cancel)).ShouldBe(3ul);

        foreach (var after in new[] { disk.KillProcess(), disk.LosePower(new Random(1)) })
        {
            var again = new RecordingSink();
            await using var reopened = await MutationLogTests.OpenAsync(after, "/log", again);
            again.Records.Select(record => record.MutationId)
                .ShouldBe(sink.Records.Select(record => record.MutationId));
            again.Quarantined.ShouldBeEmpty();
        }
    }

    [Fact]
    public async Task A_device_that_fails_at_any_write_loses_nothing_that_was_acknowledged()
    {
        for (var failAt = 0; failAt < 24; failAt++)
        {
            var disk = new FaultyFileSystem();
            var sink = new RecordingSink();
            await using var log = await MutationLogTests.OpenAsync(disk, "/log", sink);
            disk.WritesBeforeError = failAt;
            disk.WriteError = 5;
            var acknowledged = new List<Guid>();
            try
            {
                for (var i = 0; i < 12; i++)
                {
                    var record = MutationLogTests.Record(Slice, new byte[500_000]);
                    await log.AppendAsync(record, Cancel);
                    acknowledged.Add(record.MutationId);
                }
            }
            catch (StorageFaultException)
            {
                // Expected at some point.
            }
            var again = new RecordingSink();
            var restarted = disk.KillProcess();
            await using var reopened = await MutationLogTests.OpenAsync(restarted, "/log", again);
            var ids = again.Records.Select(record => record.MutationId).ToList();
            ids.Take(acknowledged.Count).ShouldBe(acknowledged);
            again.Quarantined.ShouldBeEmpty();
            await reopened.AppendAsync(Record(), Cancel);
        }
    }

    [Fact]
    public async Task Below_the_reserve_of_free_space_writes_are_refused_until_there_is_room()
    {
        var disk = new FaultyFileSystem { Free = 100 << 20 };
        await using var log = await MutationLogTests.OpenAsync(disk, "/log", new RecordingSink(), reserve: 50 << 20);
        await log.AppendAsync(Record(), Cancel);
        disk.Free = 49 << 20;
        await Eventually.HoldsAsync(() => !log.IsWritable, "the disk is seen to be full");
        var refusal = await Should.ThrowAsync<StorageFullException>(async () => await log.AppendAsync(Record(), Cancel));
        refusal.Message.ShouldContain("Make room");
        disk.Free = 60 << 20;
        await Eventually.HoldsAsync(() => log.IsWritable, "there is room again");
        (await log.AppendAsync(Record(), Cancel)).ShouldBe(2ul);
    }

    [Fact]
    public async Task A_log_opens_for_reading_on_a_disk_that_takes_no_writes()
    {
        var disk = new FaultyFileSystem();
        await using (var log = await MutationLogTests.OpenAsync(disk, "/log", new RecordingSink()))
            await log.AppendAsync(Record(), Cancel);
        disk.WriteError = 28;
        var sink = new RecordingSink();
        await using var reopened = await MutationLogTests.OpenAsync(disk, "/log", sink);
        sink.Records.Count.ShouldBe(1);
        await Should.ThrowAsync<StorageFullException>(async () => await reopened.AppendAsync(Record(), Cancel));
        disk.WriteError = 0;
        await Eventually.HoldsAsync(() => reopened.IsWritable, "the disk takes writes");
        (await reopened.AppendAsync(Record(), Cancel)).ShouldBe(2ul);
    }

    [Fact]
    public async Task A_sink_that_throws_stops_the_log_instead_of_letting_memory_and_disk_drift_apart()
    {
        var disk = new FaultyFileSystem();
        var sink = new RecordingSink { OnApply = _ => throw new InvalidOperationException("defect") };
        await using var log = await MutationLogTests.OpenAsync(disk, "/log", sink);
        await Should.ThrowAsync<StorageFaultException>(async () => await log.AppendAsync(Record(), Cancel));
        await Should.ThrowAsync<StorageFaultException>(async () => await log.AppendAsync(Record(), Cancel));
        log.IsWritable.ShouldBeFalse();
    }

    [Fact]
    public async Task Truncation_deletes_segments_and_journal_files_and_survives_a_restart()
    {
        var disk = new FaultyFileSystem();
        var sink = new RecordingSink();
        await using (var log = await MutationLogTests.OpenAsync(disk, "/log", sink))
        {
            for (var i = 0; i < 30; i++)
                await log.AppendAsync(MutationLogTests.Record(Slice, new byte[500_000]), Cancel);
            disk.Paths().Count(path => path.Contains("mutations.", StringComparison.Ordinal)).ShouldBeGreaterThan(3);
            await log.TruncateBeforeAsync(sink.Records[25].Position, Cancel);
            log.BeginPosition.ShouldBe(sink.Records[25].Position);
            disk.Paths().Count(path => path.Contains("mutations.", StringComparison.Ordinal)).ShouldBeLessThan(3);
        }
        var again = new RecordingSink();
        await using (var log = await MutationLogTests.OpenAsync(disk.LosePower(new Random(1)), "/log", again))
        {
            again.Records.Select(record => record.MutationId)
                .ShouldBe(sink.Records.Skip(25).Select(record => record.MutationId));
            await log.TruncateBeforeAsync(log.TailPosition, Cancel);
            log.SizeBytes.ShouldBe(0);
            (await log.AppendAsync(Record(), Cancel)).ShouldBe(31ul);
        }
    }

    [Fact]
    public async Task Sequences_go_on_after_everything_was_truncated()
    {
        var disk = new FaultyFileSystem();
        for (var round = 0; round < 5; round++)
        {
            var sink = new RecordingSink();
            await using var log = await MutationLogTests.OpenAsync(disk, "/log", sink);
            sink.Records.ShouldBeEmpty();
            (await log.AppendAsync(Record(), Cancel)).ShouldBe((ulong)round + 1);
            await log.TruncateBeforeAsync(log.TailPosition, Cancel);
        }
        disk.Paths().Count.ShouldBeLessThan(6);
    }

    [Fact]
    public async Task Sequences_known_from_elsewhere_are_never_given_out_again()
    {
        var disk = new FaultyFileSystem();
        var health = new StorageHealth(disk, "/log", 0, TimeProvider.System);
        await using var log = FasterMutationLog.Open(
            disk, new MutationLogOptions { Folder = "/log", MemoryBytes = 4 << 20 }, ChecksumCodec.Instance, health,
            TimeProvider.System, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance);
        log.RestoreSequences([new(1, 41)]);
        await log.ReplayAsync(new RecordingSink(), 0, Cancel);
        (await log.AppendAsync(Record(), Cancel)).ShouldBe(42ul);
    }

    [Fact]
    public async Task A_waiting_append_can_be_withdrawn_and_a_closing_log_finishes_the_others()
    {
        var disk = new FaultyFileSystem();
        using var release = new ManualResetEventSlim();
        var sink = new RecordingSink { OnApply = _ => release.Wait(TimeSpan.FromSeconds(20)) };
        var log = await MutationLogTests.OpenAsync(disk, "/log", sink);
        // The first two fill the budget of 16 MiB, so the next one waits for room.
        var running = Enumerable.Range(0, 17).Select(_ =>
            log.AppendAsync(MutationLogTests.Record(Slice, new byte[1 << 20]), Cancel).AsTask()).ToList();
        using var cancel = new CancellationTokenSource();
        var withdrawn = log.AppendAsync(MutationLogTests.Record(Slice, new byte[1 << 20]), cancel.Token).AsTask();
        await cancel.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => withdrawn);
        release.Set();
        await Task.WhenAll(running);
        await log.DisposeAsync();
        await log.DisposeAsync();
        sink.Records.Count.ShouldBe(17);
        await Should.ThrowAsync<ObjectDisposedException>(async () => await log.AppendAsync(Record(), Cancel));
    }

    [Fact]
    public async Task A_payload_that_is_too_long_is_refused()
    {
        await using var log = await MutationLogTests.OpenAsync(new FaultyFileSystem(), "/log", new RecordingSink());
        await Should.ThrowAsync<ArgumentException>(async () =>
            await log.AppendAsync(MutationLogTests.Record(Slice, new byte[(1 << 20) + 1]), Cancel));
    }

    private static LogRecord Record() => MutationLogTests.Record(Slice, "payload"u8);
}
