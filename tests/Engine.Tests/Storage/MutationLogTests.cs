using Microsoft.Extensions.Logging.Abstractions;
using Rag.Engine.Storage;
using Rag.Testing;

namespace Rag.Engine.Tests.Storage;

public sealed class MutationLogTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Appended_records_are_applied_in_order_and_come_again_after_a_restart()
    {
        using var folder = new TemporaryFolder();
        var one = new SliceId(Guid.CreateVersion7(), 3);
        var two = new SliceId(Guid.CreateVersion7(), 4);
        var sink = new RecordingSink();
        await using (var log = await OpenAsync(LocalFileSystem.Instance, folder.Path, sink))
        {
            (await log.AppendAsync(Record(one, "a"u8), Cancel)).ShouldBe(1ul);
            (await log.AppendAsync(Record(one, "b"u8), Cancel)).ShouldBe(2ul);
            (await log.AppendAsync(Record(two, new byte[1 << 20]), Cancel)).ShouldBe(1ul);
            log.LastSequence(3).ShouldBe(2ul);
        }
        sink.Records.Count.ShouldBe(3);

        var again = new RecordingSink();
        await using var reopened = await OpenAsync(LocalFileSystem.Instance, folder.Path, again);
        again.Records.Select(record => record.MutationId).ShouldBe(sink.Records.Select(record => record.MutationId));
        again.Records.Select(record => record.Payload.ToArray())
            .ShouldBe(sink.Records.Select(record => record.Payload.ToArray()));
        again.Quarantined.ShouldBeEmpty();
        (await reopened.AppendAsync(Record(one, "c"u8), Cancel)).ShouldBe(3ul);
    }

    [Fact]
    public async Task Many_callers_share_syncs()
    {
        var disk = new FaultyFileSystem();
        var sink = new RecordingSink();
        await using var log = await OpenAsync(disk, "/log", sink);
        var slice = new SliceId(Guid.CreateVersion7(), 0);
        await Task.WhenAll(Enumerable.Range(0, 2000).Select(_ =>
            log.AppendAsync(Record(slice, new byte[100]), Cancel).AsTask()));
        sink.Records.Select(record => record.Sequence).ShouldBe(Enumerable.Range(1, 2000).Select(i => (ulong)i));
        disk.Syncs.ShouldBeLessThan(2000);
    }

    [Fact]
    public async Task Records_keep_the_order_of_the_calls_even_when_they_have_to_wait_for_room()
    {
        var sink = new RecordingSink();
        await using var log = await OpenAsync(new FaultyFileSystem(), "/log", sink);
        var slice = new SliceId(Guid.CreateVersion7(), 0);
        var records = Enumerable.Range(0, 60).Select(i => Record(slice, new byte[i % 3 == 0 ? 1 << 20 : 10])).ToList();
        var appends = records.Select(record => log.AppendAsync(record, Cancel).AsTask()).ToList();
        (await Task.WhenAll(appends)).ShouldBe(Enumerable.Range(1, 60).Select(i => (ulong)i));
        sink.IdsOf(slice.WorkspaceUid).ShouldBe(records.Select(record => record.MutationId));
    }

    internal static async Task<FasterMutationLog> OpenAsync(
        IStorageFileSystem files, string folder, IMutationSink sink, long from = 0, long reserve = 0,
        int journalBytes = 64 << 10)
    {
        var options = new MutationLogOptions
        {
            Folder = folder,
            MemoryBytes = 4 << 20,
            SegmentBytes = 4 << 20,
            JournalFileBytes = journalBytes,
            ReopenInterval = TimeSpan.FromMilliseconds(20),
        };
        files.CreateFolder(folder);
        var health = new StorageHealth(files, folder, reserve, TimeProvider.System);
        var log = FasterMutationLog.Open(
            files, options, ChecksumCodec.Instance, health, TimeProvider.System, NullLogger.Instance);
        await log.ReplayAsync(sink, from, Cancel);
        return log;
    }

    internal static LogRecord Record(SliceId slice, ReadOnlySpan<byte> payload) =>
        new(slice, 1, 7, Guid.CreateVersion7(), payload.ToArray());
}
