using Rag.Engine.Indexing;
using Rag.Engine.Storage;
using static Rag.Engine.Tests.Store.StoreHarness;

namespace Rag.Engine.Tests.Store;

/// <summary>A partition is copied from store to store and answers there as it does here.</summary>
public sealed class PartitionCopyTests
{
    [Theory]
    [InlineData(1, 0)]
    [InlineData(2, 24)]
    public async Task A_copy_holds_what_its_source_holds_and_outlives_kills(int seed, int exactThreshold)
    {
        var random = new Random(seed);
        await using var source = await OpenAsync(configure: options => options with { LogSegmentBytes = 4 << 20 });
        await using var target = await OpenAsync();
        var models = await FillAsync(source, random, exactThreshold, slices: 3, steps: 80);
        // The target has data of its own, in another partition.
        var other = await target.CreateAsync(partition: 9);
        await target.UpsertAsync(other, Chunk("mine", "c", 3));

        // Cut off again and again: the target is killed, the source writes snapshots, moves texts and restarts.
        var tries = 0;
        while (!await CopyRun.TryCopyAsync(source.Store, target.Store, 0, random.Next(1, 10)))
        {
            (++tries).ShouldBeLessThan(300);
            switch (random.Next(6))
            {
                case 0:
                    await target.CrashAsync();
                    break;
                case 1:
                    await source.ReopenAsync();
                    break;
                case 2:
                    await source.Store.Parts.Maintenance.RunOnceAsync(default);
                    break;
            }

            target.Store.ListSlices().ShouldBe([other]);
            target.Store.LastStamp(0).IsNone.ShouldBeTrue();
        }

        tries.ShouldBeGreaterThan(2);
        if (random.Next(2) == 0)
            await target.CrashAsync();
        using (var import = target.Store.Import(0))
            (await import.CompleteAsync(default)).ShouldBe(source.Store.LastStamp(0));

        target.Store.ListImports().ShouldBeEmpty();
        for (var round = 0; round < 3; round++)
        {
            foreach (var model in models)
                await model.CompareAsync(target.Store, new Random(seed + round));
            target.Store.LastStamp(0).ShouldBe(source.Store.LastStamp(0));
            if (round == 0)
                await target.CrashAsync();
            else
                await target.Store.CheckpointAsync(default);
        }

        // It takes writes like its source from here on, staged generations of the source included.
        foreach (var model in models)
        {
            for (var step = 0; step < 10; step++)
                await StoreModelTests.StepAsync(target, model, random);
            await model.CompareAsync(target.Store, random);
        }

        target.Store.Status.Quarantined.ShouldBeEmpty();
        (await target.Store.CountAsync(other, null, null, default)).ShouldBe(1);
    }

    [Fact]
    public async Task All_spaces_settings_encoders_expired_rules_and_mutation_ids_travel()
    {
        await using var source = await OpenAsync();
        await using var target = await OpenAsync();
        var uid = Guid.NewGuid();
        var slice = new SliceId(uid, 3);
        await source.Store.PutSettingsAsync(3, new WorkspaceSettings
        {
            Uid = uid, Version = 7, Extension = new byte[] { 1, 2, 3 },
            Spaces =
            [
                new VectorSpaceSettings { Dimension = 4, Metric = Metric.L2 },
                new VectorSpaceSettings { Name = "wide", Dimension = 16, Metric = Metric.Cosine, ExactThreshold = 8 },
                new VectorSpaceSettings { Name = "none", Dimension = 2, Metric = Metric.InnerProduct },
            ],
        }, source.NewId(), default);
        var random = new Random(5);
        var writes = Enumerable.Range(0, 300).Select(i => Chunk($"d{i / 10}", $"c{i}", i) with
        {
            Vectors = i % 3 == 0
                ? [new SpaceVector("wide", Wide(random), VectorEncoder.Lookup)]
                : [new SpaceVector("", Vector(i)), new SpaceVector("wide", Wide(random), VectorEncoder.Full)],
        }).ToArray();
        var id = source.NewId();
        var first = await source.Store.UpsertAsync(slice, writes, id, default);
        await source.Store.StageAsync(
            slice, "staged", Guid.NewGuid(), [Chunk("staged", "s1", 1)], source.NewId(), default);
        await source.Store.DeleteAsync(
            slice, new ChunkSelection.ByDocument(["d3", "d4"]), source.NewId(), default);

        var stamp = await CopyRun.CopyAsync(source.Store, target.Store, 3);
        stamp.ShouldBe(source.Store.LastStamp(3));
        var settings = target.Store.FindSettings(uid, 3)!;
        settings.Version.ShouldBe(7ul);
        settings.Extension.ToArray().ShouldBe([1, 2, 3]);
        settings.Spaces.Select(space => space.Name).ShouldBe(["", "wide", "none"]);
        for (var i = 0; i < 20; i++)
        {
            foreach (var query in (SearchQuery[])
            [
                new SearchQuery { Space = "wide", Vector = Wide(random), K = 20, Return = ReturnFields.All },
                new SearchQuery { Vector = Vector(random.Next(300)), K = 20, Return = ReturnFields.All, Exact = true },
                new SearchQuery { Text = $"text of d{i}/c{i}", K = 20, Return = ReturnFields.Text },
            ])
            {
                var here = (await source.Store.SearchAsync(slice, query, default)).Hits;
                var there = (await target.Store.SearchAsync(slice, query, default)).Hits;
                there.Select(hit => (hit.Key, hit.Score, hit.Text)).ShouldBe(here.Select(hit => (hit.Key, hit.Score, hit.Text)));
            }
        }

        var before = await source.Store.GetStatisticsAsync(slice, default);
        var after = await target.Store.GetStatisticsAsync(slice, default);
        after.Spaces.Select(space => (space.Name, space.Vectors)).ShouldBe(
            before.Spaces.Select(space => (space.Name, space.Vectors)));
        // A retry that reaches the copy gets the outcome of the first try and changes nothing.
        await target.ReopenAsync();
        var again = await target.Store.UpsertAsync(slice, writes, id, default);
        again.Items.Select(item => item.Version).ShouldBe(first.Items.Select(item => item.Version));
        (await target.Store.CountAsync(slice, null, null, default)).ShouldBe(280);
    }

    [Fact]
    public async Task A_damaged_copy_is_found_out_and_fetched_again()
    {
        await using var source = await OpenAsync();
        await using var target = await OpenAsync();
        var models = await FillAsync(source, new Random(3), 0, slices: 3, steps: 60);
        foreach (var ending in (string[])["snapshot", "whole"])
        {
            (await CopyRun.TryCopyAsync(source.Store, target.Store, 0, int.MaxValue)).ShouldBeTrue();
            var file = Directory.EnumerateFiles(Path.Combine(target.Folder, "imports", "0"), $"*.{ending}").Order().ElementAt(1);
            var bytes = await File.ReadAllBytesAsync(file);
            // Behind the header of either; the middle of a snapshot may be a gap between its sections.
            bytes[Math.Min(bytes.Length - 1, 200)] ^= 0x40;
            await File.WriteAllBytesAsync(file, bytes);
            using var import = target.Store.Import(0);
            (await Should.ThrowAsync<StoreException>(() => import.CompleteAsync(default))).Kind
                .ShouldBe(StoreErrorKind.DataLoss);
            import.FindPoint().After.ShouldNotBeNull();
            target.Store.ListSlices().ShouldBeEmpty();
        }

        await CopyRun.CopyAsync(source.Store, target.Store, 0);
        foreach (var model in models)
            await model.CompareAsync(target.Store, new Random(4));
        Directory.EnumerateFiles(Path.Combine(target.Folder, "imports"), "*", SearchOption.AllDirectories).ShouldBeEmpty();
    }

    [Fact]
    public async Task Texts_stay_readable_for_a_copy_while_the_chunk_log_is_cleaned()
    {
        await using var source = await OpenAsync(configure: options => options with { LogSegmentBytes = 2 << 20 });
        var slice = await source.CreateAsync();
        var text = new string('x', 30_000);
        for (var i = 0; i < 6; i++)
        {
            await source.UpsertAsync(
                slice, [.. Enumerable.Range(0, 40).Select(n => Chunk("d", $"c{n}", n, $"{i} {n} {text}"))]);
        }

        var export = source.Store.Export(0);
        using (var open = (await export.OpenAsync(slice.WorkspaceUid, 0, default))!)
        {
            var begin = source.Store.Parts.Context.Contents.Log.BeginAddress;
            for (var i = 6; i < 12; i++)
            {
                await source.UpsertAsync(
                    slice, [.. Enumerable.Range(0, 40).Select(n => Chunk("d", $"c{n}", n, $"{i} {n} {text}"))]);
                await source.Store.Parts.Maintenance.RunOnceAsync(default);
            }

            source.Store.Parts.Context.Contents.Log.BeginAddress.ShouldBe(begin);
            var contents = new System.Buffers.ArrayBufferWriter<byte>();
            open.ReadContents(0, int.MaxValue, contents).ShouldBe(-1);
            contents.WrittenCount.ShouldBeGreaterThan(40 * 30_000);
        }

        await source.Store.Parts.Maintenance.RunOnceAsync(default);
        source.Store.Parts.Context.Contents.Log.BeginAddress.ShouldBeGreaterThan(0);
    }

    [Fact]
    public async Task A_quarantined_slice_is_not_copied_and_a_deleted_workspace_is_passed_over()
    {
        await using var source = await OpenAsync();
        await using var target = await OpenAsync();
        var kept = await source.CreateAsync();
        var gone = await source.CreateAsync();
        await source.UpsertAsync(kept, Chunk("d", "c", 1));
        var export = source.Store.Export(0);
        await source.Store.PutSettingsAsync(
            0, Settings(gone.WorkspaceUid, version: 2) with { State = WorkspaceState.Deleting }, source.NewId(), default);
        (await export.OpenAsync(gone.WorkspaceUid, 0, default)).ShouldBeNull();
        await CopyRun.CopyAsync(source.Store, target.Store, 0);
        target.Store.ListSlices().ShouldBe([kept]);

        var entry = source.Store.Parts.Catalog.Find(kept)!;
        lock (entry)
            source.Store.Parts.Catalog.Quarantine(entry, "A test says so.", null);
        (await Should.ThrowAsync<StoreException>(() => CopyRun.TryCopyAsync(source.Store, target.Store, 0, 10))).Kind
            .ShouldBe(StoreErrorKind.DataLoss);
    }

    [Fact]
    public async Task A_dropped_partition_does_not_come_back_with_the_log_and_others_are_untouched()
    {
        await using var harness = await OpenAsync();
        var gone = await harness.CreateAsync();
        var kept = await harness.CreateAsync(partition: 1);
        await harness.UpsertAsync(gone, Chunk("d", "c", 1));
        await harness.UpsertAsync(kept, Chunk("d", "c", 1));
        await harness.UpsertAsync(gone, Chunk("d", "e", 1));
        await harness.Store.DropPartitionAsync(0, default);
        for (var round = 0; round < 3; round++)
        {
            harness.Store.ListPartitions().ShouldBe([1]);
            harness.Store.ListSlices().ShouldBe([kept]);
            harness.Store.LastStamp(0).IsNone.ShouldBeTrue();
            (await harness.Store.CountAsync(kept, null, null, default)).ShouldBe(1);
            if (round == 1)
                await harness.Store.CheckpointAsync(default);
            await harness.CrashAsync();
        }
    }

    [Fact]
    public async Task Parts_out_of_order_are_refused_and_two_copies_of_one_partition_too()
    {
        await using var target = await OpenAsync();
        using var import = target.Store.Import(0);
        Should.Throw<StoreException>(() => target.Store.Import(0)).Kind.ShouldBe(StoreErrorKind.Aborted);
        import.Begin("source", new WriteStamp(1, 5));
        Should.Throw<StoreException>(() => import.AddSnapshot(0, new byte[4])).Kind.ShouldBe(StoreErrorKind.Aborted);
        import.BeginSlice(Guid.NewGuid(), 1, 10);
        Should.Throw<StoreException>(() => import.AddSnapshot(4, new byte[4])).Kind.ShouldBe(StoreErrorKind.Aborted);
        import.AddSnapshot(0, new byte[4]);
        Should.Throw<StoreException>(() => import.AddSnapshot(4, new byte[7])).Kind.ShouldBe(StoreErrorKind.Aborted);
        Should.Throw<StoreException>(() => import.AddContents(new byte[8])).Kind.ShouldBe(StoreErrorKind.Aborted);
        Should.Throw<StoreException>(() => import.EndSlice()).Kind.ShouldBe(StoreErrorKind.Aborted);
    }

    private static float[] Wide(Random random) => [.. Enumerable.Range(0, 16).Select(_ => random.NextSingle() - 0.5f)];

    private static async Task<List<StoreModel>> FillAsync(
        StoreHarness source, Random random, int exactThreshold, int slices, int steps)
    {
        var models = new List<StoreModel>();
        for (var i = 0; i < slices; i++)
        {
            var uid = Guid.NewGuid();
            await source.Store.PutSettingsAsync(0, new WorkspaceSettings
            {
                Uid = uid, Version = 1,
                Spaces = [new VectorSpaceSettings { Dimension = 4, Metric = Metric.L2, ExactThreshold = exactThreshold }],
            }, source.NewId(), default);
            models.Add(new StoreModel(new SliceId(uid, 0)));
        }

        for (var step = 0; step < steps; step++)
            await StoreModelTests.StepAsync(source, models[random.Next(slices)], random);
        return models;
    }
}
