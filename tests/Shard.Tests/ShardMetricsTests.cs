using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging.Abstractions;
using Rag.Engine;
using Rag.Engine.Storage;
using Rag.Testing;

namespace Rag.Shard.Tests;

/// <summary>What a shard's meter says of its indexes.</summary>
public sealed class ShardMetricsTests
{
    [Fact]
    public async Task Sizes_of_inverted_indexes_are_measured_each_by_itself()
    {
        using var folder = new TemporaryFolder();
        var time = new FakeTime();
        await using var store = await ShardStore.OpenAsync(
            new StoreOptions { DataFolder = folder.Path }, NullLoggerFactory.Instance, TimeProvider.System, TestContext.Current.CancellationToken);
        var slice = new SliceId(Guid.NewGuid(), 3);
        await store.PutSettingsAsync(3, new WorkspaceSettings { Uid = slice.WorkspaceUid, Version = 1 }, Guid.CreateVersion7(), default);
        await store.UpsertAsync(slice,
        [
            new ChunkWrite { Key = new ChunkKey("a", "a"), Text = "granite wall", Sparse = new SparseVector(new uint[] { 1, 2, 3 }, new[] { 1f, 2, 3 }) },
            new ChunkWrite { Key = new ChunkKey("b", "b"), Text = "stone" },
        ], Guid.CreateVersion7(), default);
        using var metrics = new ShardMetrics(store, time);
        await metrics.StartAsync(default);
        // Meters of other tests that run meanwhile are heard as well.
        var seen = new HashSet<(string, string, long)>();
        using var listener = new MeterListener
        {
            InstrumentPublished = static (instrument, listener) =>
            {
                if (instrument.Meter.Name == ShardMetrics.MeterName)
                    listener.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => seen.Add((instrument.Name, (string)tags[0].Value!, value)));
        listener.Start();
        listener.RecordObservableInstruments();
        seen.ShouldContain(("rag.shard.term_index.postings", "text", 3L));
        seen.ShouldContain(("rag.shard.term_index.postings", "sparse", 3L));
        seen.ShouldContain(("rag.shard.term_index.documents", "text", 2L));
        seen.ShouldContain(("rag.shard.term_index.documents", "sparse", 1L));
        seen.ShouldContain(one => one.Item1 == "rag.shard.term_index.size" && one.Item2 == "sparse" && one.Item3 > 0);

        // The instruments of one scrape tell what was added up once; the next scrape adds up again.
        await store.UpsertAsync(slice, [new ChunkWrite { Key = new ChunkKey("c", "c"), Text = "wall" }], Guid.CreateVersion7(), default);
        seen.Clear();
        listener.RecordObservableInstruments();
        seen.ShouldContain(("rag.shard.term_index.documents", "text", 2L));
        time.Move(TimeSpan.FromSeconds(1));
        listener.RecordObservableInstruments();
        seen.ShouldContain(("rag.shard.term_index.documents", "text", 3L));
        await metrics.StopAsync(default);
    }
}
