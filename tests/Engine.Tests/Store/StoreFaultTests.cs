using Rag.Engine.Storage;
using Rag.Testing;
using static Rag.Engine.Tests.Store.ShardStoreTests;
using static Rag.Engine.Tests.Store.StoreHarness;

namespace Rag.Engine.Tests.Store;

public sealed class StoreFaultTests
{
    [Fact]
    public async Task A_full_disk_refuses_writes_serves_reads_and_recovers_when_there_is_room()
    {
        var files = new FailingFiles();
        await using var harness = await OpenAsync(files);
        var slice = await harness.CreateAsync();
        await harness.UpsertAsync(slice, Chunk("d", "c", 1));
        files.Free = 1000;
        await Eventually.HoldsAsync(() => harness.Store.Status.WriteFault is not null, "the fault is reported");
        var refused = await Should.ThrowAsync<StoreException>(() => harness.UpsertAsync(slice, Chunk("d", "e")));
        refused.Kind.ShouldBe(StoreErrorKind.ResourceExhausted);
        refused.RetryAfter.ShouldNotBeNull();
        (await harness.Store.SearchAsync(slice, Query(1, 5, ReturnFields.Text), default)).Hits.Count.ShouldBe(1);
        files.Free = null;
        await Eventually.HoldsAsync(() => harness.Store.Status.WriteFault is null, "writes are taken again");
        await harness.UpsertAsync(slice, Chunk("d", "e"));
        (await harness.Store.CountAsync(slice, null, null, default)).ShouldBe(2);
    }

    [Theory]
    [InlineData(5, StoreErrorKind.Unavailable)]
    [InlineData(28, StoreErrorKind.ResourceExhausted)]
    public async Task A_failing_device_loses_nothing_that_was_acknowledged(int error, StoreErrorKind kind)
    {
        var files = new FailingFiles();
        await using var harness = await OpenAsync(files);
        var slice = await harness.CreateAsync();
        await harness.UpsertAsync(slice, Chunk("d", "before", 1));
        files.Error = error;
        var failed = await Should.ThrowAsync<StoreException>(() => harness.UpsertAsync(slice, Chunk("d", "refused")));
        failed.Kind.ShouldBe(kind);
        (await harness.Store.SearchAsync(slice, Query(1, 1), default)).Hits.Count.ShouldBe(1);
        await harness.Store.CheckpointAsync(default);
        files.Error = 0;
        await Eventually.HoldsAsync(async () =>
        {
            try
            {
                await harness.UpsertAsync(slice, Chunk("d", "after", 2));
                return true;
            }
            catch (StoreException)
            {
                return false;
            }
        }, "writes are taken again");
        await harness.CrashAsync();
        var keys = (await harness.Store.ListAsync(slice, null, 10, null, null, ReturnFields.Text, default)).Chunks
            .Select(chunk => chunk.Key.ChunkId).ToList();
        keys.ShouldContain("before");
        keys.ShouldContain("after");
    }

    [Fact]
    public async Task A_snapshot_that_cannot_be_written_is_tried_again_and_disturbs_nobody()
    {
        var files = new FailingFiles { Concerns = path => path.Contains(".snapshot", StringComparison.Ordinal) };
        await using var harness = await OpenAsync(files);
        var slice = await harness.CreateAsync();
        await harness.UpsertAsync(slice, [.. Enumerable.Range(0, 20).Select(i => Chunk("d", $"c{i}", i))]);
        files.Error = 5;
        await harness.Store.CheckpointAsync(default);
        harness.Store.Status.SnapshotBytes.ShouldBe(0);
        await harness.UpsertAsync(slice, Chunk("d", "late", 50));
        files.Error = 0;
        await harness.Store.CheckpointAsync(default);
        harness.Store.Status.SnapshotBytes.ShouldBeGreaterThan(0);
        await harness.CrashAsync();
        (await harness.Store.CountAsync(slice, null, null, default)).ShouldBe(21);
    }

    [Theory]
    [InlineData(0.02)]
    [InlineData(0.1)]
    [InlineData(0.3)]
    [InlineData(0.6)]
    [InlineData(0.95)]
    [InlineData(1.0)]
    public async Task A_damaged_snapshot_quarantines_its_slice_and_no_other(double place)
    {
        await using var harness = await OpenAsync();
        var (bad, good) = (await harness.CreateAsync(partition: 0), await harness.CreateAsync(partition: 1));
        foreach (var slice in new[] { bad, good })
        {
            await harness.UpsertAsync(slice, [.. Enumerable.Range(0, 200).Select(i => Chunk($"d{i}", $"c{i}", i,
                metadata: new Dictionary<string, MetadataValue> { ["n"] = MetadataValue.Of((long)i) }))]);
        }

        await harness.Store.CheckpointAsync(default);
        await harness.CloseAsync();
        var path = Directory.EnumerateFiles(harness.Folder, $"{bad.WorkspaceUid:N}*.snapshot",
            SearchOption.AllDirectories).Single();
        var bytes = await File.ReadAllBytesAsync(path);
        var at = Math.Min((int)(bytes.Length * place), bytes.Length - 1);
        for (var i = at; i < Math.Min(at + 64, bytes.Length); i++)
            bytes[i] ^= 0x5A;
        if (at == bytes.Length - 1)
            bytes = bytes[..^1];
        await File.WriteAllBytesAsync(path, bytes);

        for (var restart = 0; restart < 2; restart++)
        {
            await harness.OpenStoreAsync();
            // Everything is read, so that every damaged byte is met; padding between sections may hide the damage.
            var isDamaged = false;
            try
            {
                var page = await harness.Store.ListAsync(bad, null, 1000, null, null, ReturnFields.All, default);
                page.Chunks.Count.ShouldBe(200);
                (await harness.Store.SearchAsync(bad, Query(3, 5) with { Exact = true }, default)).Hits.Count
                    .ShouldBe(5);
            }
            catch (StoreException exception)
            {
                exception.Kind.ShouldBe(StoreErrorKind.DataLoss, exception.Message);
                isDamaged = true;
            }

            if (isDamaged)
            {
                harness.Store.Status.Quarantined.Single().Slice.ShouldBe(bad);
                await ShouldFail(StoreErrorKind.DataLoss, async () =>
                    await harness.Store.SearchAsync(bad, Query(1), default));
                await ShouldFail(StoreErrorKind.DataLoss, async () => await harness.UpsertAsync(bad, Chunk("d", "c")));
            }
            else
            {
                place.ShouldNotBeOneOf(0.02, 1.0);
            }

            (await harness.Store.ListAsync(good, null, 1000, null, null, ReturnFields.All, default)).Chunks.Count
                .ShouldBe(200);
            await harness.UpsertAsync(good, Chunk("d", $"more{restart}"));
            await harness.Store.DeleteAsync(good, new ChunkSelection.ByDocument(["d"]), harness.NewId(), default);
            await harness.Store.CheckpointAsync(default);
            await harness.CloseAsync();
        }

        await harness.OpenStoreAsync();
        await harness.Store.PutSettingsAsync(
            0, Settings(bad.WorkspaceUid, version: 9) with { State = WorkspaceState.Deleting }, harness.NewId(),
                default);
        await harness.ReopenAsync();
        harness.Store.Status.Quarantined.ShouldBeEmpty();
        harness.Store.ListSlices().ShouldBe([good]);
    }

    [Fact]
    public async Task A_snapshot_that_cannot_be_read_back_does_not_count_and_disturbs_nobody()
    {
        const int dimension = 384;
        var files = new FailingFiles();
        await using var harness = await OpenAsync(files);
        var slice = await harness.CreateAsync(dimension);
        var chunks = Enumerable.Range(0, 100).Select(i => new ChunkWrite
        {
            Key = ChunkKey.OfSingle($"c{i}"),
            Vectors = [new SpaceVector("", Enumerable.Repeat((float)i, dimension).ToArray())],
        }).ToArray();
        await harness.UpsertAsync(slice, chunks);
        files.Damages = path => path.Contains(".snapshot", StringComparison.Ordinal);
        await harness.Store.CheckpointAsync(default);
        harness.Store.Status.SnapshotBytes.ShouldBe(0);
        harness.Store.Status.Quarantined.ShouldBeEmpty();
        Directory.EnumerateFiles(harness.Folder, "*.snapshot", SearchOption.AllDirectories).ShouldBeEmpty();
        await ShouldFindAllAsync();
        files.Damages = _ => false;
        await harness.Store.CheckpointAsync(default);
        harness.Store.Status.SnapshotBytes.ShouldBeGreaterThan(0);
        await harness.CrashAsync();
        await ShouldFindAllAsync();

        async Task ShouldFindAllAsync()
        {
            var query = new SearchQuery { Vector = new float[dimension], K = 200 };
            (await harness.Store.SearchAsync(slice, query, default)).Hits.Select(hit => hit.Key)
                .ShouldBe(chunks.Select(chunk => chunk.Key));
        }
    }

    [Fact]
    public async Task A_missing_snapshot_is_data_loss_and_not_an_empty_workspace()
    {
        await using var harness = await OpenAsync();
        var slice = await harness.CreateAsync();
        await harness.UpsertAsync(slice, Chunk("d", "c"));
        await harness.Store.CheckpointAsync(default);
        await harness.CloseAsync();
        foreach (var path in Directory.EnumerateFiles(harness.Folder, "*.snapshot", SearchOption.AllDirectories))
            File.Delete(path);
        await harness.OpenStoreAsync();
        await ShouldFail(StoreErrorKind.DataLoss, async () =>
            await harness.Store.CountAsync(slice, null, null, default));
    }

    [Fact]
    public async Task A_damaged_log_record_quarantines_its_workspace_and_no_other()
    {
        await using var harness = await OpenAsync();
        var (bad, good) = (await harness.CreateAsync(partition: 0), await harness.CreateAsync(partition: 1));
        await harness.UpsertAsync(good, Chunk("d", "c", text: "innocent"));
        await harness.UpsertAsync(bad, Chunk("d", "c", text: "the one that is hit"));
        await harness.UpsertAsync(good, Chunk("d", "e", text: "later"));
        await harness.CloseAsync();
        Flip(Path.Combine(harness.Folder, "mutations"), "the one that is hit"u8);
        await harness.OpenStoreAsync();
        await ShouldFail(StoreErrorKind.DataLoss, async () => await harness.Store.CountAsync(bad, null, null, default));
        (await harness.Store.CountAsync(good, null, null, default)).ShouldBe(2);
        await harness.Store.CheckpointAsync(default);
        await harness.ReopenAsync();
        await ShouldFail(StoreErrorKind.DataLoss, async () => await harness.Store.CountAsync(bad, null, null, default));
        (await harness.Store.CountAsync(good, null, null, default)).ShouldBe(2);
    }

    [Fact]
    public async Task Sequences_go_on_above_those_of_snapshots_also_when_the_log_is_gone()
    {
        await using var harness = await OpenAsync();
        var slice = await harness.CreateAsync();
        for (var i = 0; i < 10; i++)
            await harness.UpsertAsync(slice, Chunk("d", $"c{i}", i));
        var before = (await harness.UpsertAsync(slice, Chunk("d", "last", 99))).Stamp;
        await harness.Store.CheckpointAsync(default);
        await harness.CloseAsync();
        Directory.Delete(Path.Combine(harness.Folder, "mutations"), recursive: true);
        Directory.Delete(Path.Combine(harness.Folder, "manifest"), recursive: true);
        await harness.OpenStoreAsync();
        (await harness.Store.CountAsync(slice, null, null, default)).ShouldBe(11);
        var after = await harness.UpsertAsync(slice, Chunk("d", "new", 50));
        after.Stamp.ShouldBeGreaterThan(before);
        (await harness.Store.SearchAsync(slice, Query(50, 1), default)).Hits[0].Key.ChunkId.ShouldBe("new");
    }

    [Fact]
    public async Task A_damaged_text_is_never_returned()
    {
        await using var harness = await OpenAsync();
        var (bad, good) = (await harness.CreateAsync(partition: 0), await harness.CreateAsync(partition: 1));
        await harness.UpsertAsync(bad, Chunk("d", "c", 1, "the one that is hit"));
        await harness.UpsertAsync(good, Chunk("d", "c", 1, "innocent"));
        await harness.Store.CheckpointAsync(default);
        await harness.CloseAsync();
        Flip(Path.Combine(harness.Folder, "chunks"), "the one that is hit"u8);
        await harness.OpenStoreAsync();
        (await harness.Store.SearchAsync(bad, Query(1), default)).Hits.Count.ShouldBe(1);
        await ShouldFail(StoreErrorKind.DataLoss, async () =>
            await harness.Store.SearchAsync(bad, Query(1, 1, ReturnFields.Text), default));
        (await harness.Store.SearchAsync(good, Query(1, 1, ReturnFields.Text), default)).Hits[0].Text
            .ShouldBe("innocent");
    }

    [Fact]
    public async Task A_folder_that_another_store_holds_is_refused()
    {
        await using var harness = await OpenAsync();
        await ShouldFail(StoreErrorKind.Unavailable, async () => await ShardStore.OpenAsync(
            harness.Options, harness.Loggers, TimeProvider.System, default));
    }

    private static void Flip(string folder, ReadOnlySpan<byte> text)
    {
        foreach (var path in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories))
        {
            var bytes = File.ReadAllBytes(path);
            if (bytes.AsSpan().IndexOf(text) is not (>= 0 and var at))
                continue;
            bytes[at + 3] ^= 0x10;
            File.WriteAllBytes(path, bytes);
            return;
        }

        throw new InvalidOperationException("The text is in no file.");
    }
}
