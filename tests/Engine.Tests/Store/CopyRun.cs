using System.Buffers;

namespace Rag.Engine.Tests.Store;

/// <summary>Copies a partition from store to store as shards do, in small blocks, and may stop after some.</summary>
internal static class CopyRun
{
    private const int BlockBytes = 1500;

    /// <summary>Copies all; returns the place from which on the log is needed.</summary>
    public static async Task<WriteStamp> CopyAsync(ShardStore source, ShardStore target, int partition)
    {
        (await TryCopyAsync(source, target, partition, int.MaxValue)).ShouldBeTrue();
        using var import = target.Import(partition);
        return await import.CompleteAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>Copies at most so many blocks; true if that was all. Goes on where a former call stopped.</summary>
    public static async Task<bool> TryCopyAsync(
        ShardStore source, ShardStore target, int partition, int maxBlocks, string name = "source")
    {
        using var import = target.Import(partition);
        var point = import.FindPoint();
        var export = source.Export(partition);
        import.Begin(name, export.Stamp);
        var left = maxBlocks;
        foreach (var uid in export.Workspaces)
        {
            if (point.After is { } after && UidOrder.Instance.Compare(uid, after) <= 0)
                continue;
            var isPart = point.Uid == uid && point.Source == name;
            using var slice = await export.OpenAsync(uid, isPart ? point.Generation : 0, default);
            if (slice is null)
                continue;
            var goesOn = isPart && slice.Generation == point.Generation;
            import.BeginSlice(uid, slice.Generation, slice.SnapshotBytes);
            var buffer = new byte[BlockBytes];
            for (var offset = goesOn ? point.SnapshotOffset : 0; offset < slice.SnapshotBytes;)
            {
                if (left-- == 0)
                    return false;
                var count = slice.ReadSnapshot(offset, buffer);
                import.AddSnapshot(offset, buffer.AsMemory(0, count));
                offset += count;
            }

            for (var row = goesOn ? point.NextRow : 0; row >= 0;)
            {
                if (left-- == 0)
                    return false;
                var contents = new ArrayBufferWriter<byte>(BlockBytes);
                row = slice.ReadContents(row, BlockBytes, contents);
                import.AddContents(contents.WrittenMemory);
            }

            import.EndSlice();
        }

        return true;
    }
}
