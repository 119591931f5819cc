using Rag.Engine.Storage;

namespace Rag.Engine.Tests.Storage;

/// <summary>
/// A mutation log with several workspaces whose commits each hold records of some of them, over several pages and
/// segments; and what a replay of it must give.
/// </summary>
internal sealed class LogScenario
{
    public const string Folder = "/log";

    public required FaultyFileSystem Disk { get; init; }

    public required List<DurableRecord> Records { get; init; }

    public required List<Guid> Workspaces { get; init; }

    /// <summary>Writes a log and leaves it as if the process had been killed.</summary>
    public static async Task<LogScenario> BuildAsync(int seed, int commits, int maxPayload, int workspaces = 6)
    {
        var random = new Random(seed);
        var slices = Enumerable.Range(0, workspaces)
            .Select(i => new SliceId(NewUid(random), i % 3)).ToList();
        var disk = new FaultyFileSystem();
        var sink = new RecordingSink();
        await using var log = await MutationLogTests.OpenAsync(disk, Folder, sink);
        for (var i = 0; i < commits; i++)
        {
            // Records that are appended together usually share a commit; how many do does not matter.
            var appends = Enumerable.Range(0, random.Next(1, 9)).Select(_ =>
            {
                var payload = new byte[random.Next(0, maxPayload)];
                random.NextBytes(payload);
                var slice = slices[random.Next(slices.Count)];
                return log.AppendAsync(MutationLogTests.Record(slice, payload), default).AsTask();
            }).ToList();
            await Task.WhenAll(appends);
        }
        return new LogScenario
        {
            Disk = disk.KillProcess(),
            Records = sink.Records,
            Workspaces = [.. slices.Select(slice => slice.WorkspaceUid)],
        };
    }

    /// <summary>Opens the log and closes it again, with nothing appended.</summary>
    public async Task RestartAsync(int times)
    {
        for (var i = 0; i < times; i++)
            await (await MutationLogTests.OpenAsync(Disk, Folder, new RecordingSink())).DisposeAsync();
    }

    /// <summary>Opens a copy of the disk after a change to it, and replays.</summary>
    public async Task<RecordingSink> ReplayAsync(Action<FaultyFileSystem> change, long from = 0)
    {
        var disk = Disk.KillProcess();
        change(disk);
        var sink = new RecordingSink();
        await using var log = await MutationLogTests.OpenAsync(disk, Folder, sink, from);
        return sink;
    }

    /// <summary>All records of the undamaged log, footers included, in order.</summary>
    public List<ScannedRecord> Scan()
    {
        using var segments = new SegmentFiles(Disk, Folder, "mutations", 4 << 20);
        using var scanner = new MutationLogScanner(segments);
        return [.. scanner.Scan(0, segments.FindEnd())];
    }

    /// <summary>Changes bytes of the log's address space.</summary>
    public static void ChangeLog(FaultyFileSystem disk, long from, long to, Func<byte, byte> change)
    {
        for (var segment = (int)(from >> 22); segment <= (int)((to - 1) >> 22); segment++)
        {
            var path = $"{Folder}/mutations.{segment:D8}";
            if (!disk.Exists(path))
                continue;
            disk.Damage(path, bytes =>
            {
                var start = (long)segment << 22;
                for (var at = Math.Max(from, start); at < Math.Min(to, start + bytes.Length); at++)
                    bytes[at - start] = change(bytes[at - start]);
                return bytes;
            });
        }
    }

    /// <summary>Workspaces with a record whose checked bytes lie in a range.</summary>
    public HashSet<Guid> Touched(List<ScannedRecord> scan, long from, long to) =>
        [.. scan.Where(record => record.Header.Type == MutationRecordHeader.MutationType
            && record.Address + PagedLog.LengthPrefix < to
            && record.Address + PagedLog.LengthPrefix + MutationRecordHeader.Length + record.Header.PayloadLength > from)
            .Select(record => record.Header.Slice.WorkspaceUid)];

    /// <summary>Workspaces of which the sink has not every record, in order, and no other.</summary>
    public HashSet<Guid> Incomplete(RecordingSink sink)
    {
        var expected = Records.ToLookup(record => record.Slice.WorkspaceUid);
        return [.. Workspaces.Where(uid => !expected[uid].Select(record => record.MutationId)
            .SequenceEqual(sink.IdsOf(uid)))];
    }

    public List<string> JournalFiles() => [.. Disk.Paths().Where(path => path.Contains("commits.", StringComparison.Ordinal))];

    private static Guid NewUid(Random random)
    {
        var bytes = new byte[16];
        random.NextBytes(bytes);
        return new Guid(bytes);
    }
}
