using Rag.Engine.Storage;

namespace Rag.Engine.Tests.Storage;

public sealed class MutationLogCrashTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Acknowledged_records_survive_any_number_of_crashes_and_others_come_whole_or_not_at_all(int seed)
    {
        var random = new Random(seed);
        var slices = Enumerable.Range(0, 5).Select(i => new SliceId(Guid.CreateVersion7(), i % 2)).ToArray();
        var disk = new FaultyFileSystem();
        var model = new Model();
        for (var round = 0; round < 15; round++)
        {
            var sink = new RecordingSink();
            var log = await MutationLogTests.OpenAsync(disk, "/log", sink, journalBytes: 4 << 10);
            model.CheckReplay(sink, log);
            var next = await WorkAsync(log, disk, slices, model, sink, random);
            await log.DisposeAsync();
            disk = next;
        }
        model.Acknowledged.ShouldBeGreaterThan(100);
    }

    // Appends from several callers; at a random moment the disk is copied as a crash would leave it, and from then on
    // nothing counts any more.
    private static async Task<FaultyFileSystem> WorkAsync(
        FasterMutationLog log, FaultyFileSystem disk, SliceId[] slices, Model model, RecordingSink sink, Random random)
    {
        FaultyFileSystem? crashed = null;
        var crashAfter = random.Next(0, 60);
        var applied = 0;
        var seed = random.Next();
        var killOnly = random.Next(2) == 0;
        var gate = new Lock();
        sink.OnApply = batch =>
        {
            lock (gate)
            {
                applied += batch.Count;
                if (crashed is null && applied >= crashAfter)
                    crashed = killOnly ? disk.KillProcess() : disk.LosePower(new Random(seed));
            }
        };
        var callers = Enumerable.Range(0, 4).Select(async caller =>
        {
            var mine = new Random(seed + caller);
            for (var i = 0; i < 25; i++)
            {
                var payload = new byte[mine.Next(0, mine.Next(8) == 0 ? 200_000 : 500)];
                var record = MutationLogTests.Record(slices[mine.Next(slices.Length)], payload);
                model.Sent(record);
                await log.AppendAsync(record, default);
                lock (gate)
                {
                    if (crashed is null)
                        model.Acknowledge(record.MutationId);
                }
            }
        }).ToList();
        if (random.Next(3) == 0)
        {
            var done = sink.Snapshot();
            var position = done.Count == 0 ? 0 : done[^1].Position;
            lock (gate)
                model.Truncate(position, done);
            await log.TruncateBeforeAsync(position, default);
        }
        await Task.WhenAll(callers);
        return crashed ?? disk.LosePower(random);
    }

    private sealed class Model
    {
        private readonly Lock _lock = new();
        private readonly HashSet<Guid> _acknowledged = [];
        private readonly Dictionary<Guid, SliceId> _sent = [];
        private List<Guid> _former = [];
        private readonly HashSet<Guid> _truncated = [];
        private long _mayBeTruncatedBefore;

        public int Acknowledged { get; private set; }

        public void Sent(LogRecord record)
        {
            lock (_lock)
                _sent.Add(record.MutationId, record.Slice);
        }

        public void Acknowledge(Guid id)
        {
            lock (_lock)
            {
                _acknowledged.Add(id);
                Acknowledged++;
            }
        }

        // Whether the crash comes before or after the truncation is open.
        public void Truncate(long position, IEnumerable<DurableRecord> applied)
        {
            _mayBeTruncatedBefore = Math.Max(position, _mayBeTruncatedBefore);
            _truncated.UnionWith(applied.Where(record => record.Position < position)
                .Select(record => record.MutationId));
        }

        public void CheckReplay(RecordingSink sink, FasterMutationLog log)
        {
            sink.Quarantined.ShouldBeEmpty();
            sink.Unharmed.ShouldBeNull();
            log.BeginPosition.ShouldBeLessThanOrEqualTo(_mayBeTruncatedBefore);
            var ids = sink.Records.Select(record => record.MutationId).ToList();
            ids.ShouldBeUnique();
            _acknowledged.Except(ids).ShouldBeSubsetOf(log.BeginPosition == 0 ? [] : _truncated);
            _acknowledged.IntersectWith(ids);
            // What was there at one start is there at the next, in the same order: nothing is taken back.
            var both = _former.Intersect(ids).ToList();
            ids.Take(both.Count).ShouldBe(both);
            foreach (var partition in sink.Records.GroupBy(record => record.Slice.Partition))
            {
                var sequences = partition.Select(record => record.Sequence).ToList();
                sequences.ShouldBe(Enumerable.Range(0, sequences.Count).Select(i => sequences[0] + (ulong)i));
                log.LastSequence(partition.Key).ShouldBe(sequences[^1]);
            }
            foreach (var record in sink.Records)
                record.Slice.ShouldBe(_sent[record.MutationId]);
            _acknowledged.UnionWith(ids);
            _former = ids;
        }
    }
}
