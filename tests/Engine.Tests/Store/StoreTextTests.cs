using System.Text;
using Rag.Engine.Filters;
using Rag.Engine.Slices;
using Rag.Engine.Storage;
using static Rag.Engine.Tests.Store.StoreHarness;

namespace Rag.Engine.Tests.Store;

/// <summary>Texts are found by their words, as long as and as soon as they are visible.</summary>
public sealed class StoreTextTests
{
    [Fact]
    public async Task A_text_is_found_by_its_words_until_it_is_replaced_or_deleted()
    {
        await using var harness = await OpenAsync();
        var slice = await harness.CreateAsync();
        await harness.UpsertAsync(slice, Chunk("a", "1", text: "The quick foxes"), Chunk("a", "2", text: "a lazy dog"));
        (await FindAsync(harness, slice, "fox")).ShouldBe(["1"]);
        await harness.UpsertAsync(slice, Chunk("a", "1", text: "a cat") with { Fields = ChunkFields.Text });
        (await FindAsync(harness, slice, "fox")).ShouldBeEmpty();
        (await FindAsync(harness, slice, "cats")).ShouldBe(["1"]);
        // A patch of something else keeps the words.
        await harness.UpsertAsync(slice, Chunk("a", "1", x: 7) with { Fields = ChunkFields.Vectors });
        (await FindAsync(harness, slice, "cats")).ShouldBe(["1"]);
        await harness.Store.DeleteAsync(slice, new ChunkSelection.ByDocument(["a"]), harness.NewId(), default);
        (await FindAsync(harness, slice, "cat dog")).ShouldBeEmpty();
        (await harness.Store.GetTextStatisticsAsync(slice, "cat", default)).Documents.ShouldBe(0);
    }

    [Fact]
    public async Task A_patch_of_a_vector_keeps_every_word_without_its_text()
    {
        await using var harness = await OpenAsync();
        var slice = await harness.CreateAsync();
        await harness.UpsertAsync(slice, [.. Enumerable.Range(0, 300).Select(i => Chunk("a", $"{i:000}", text: $"stone {(i % 3 == 0 ? "wall wall" : "house")} n{i}x"))]);
        var before = await RankAsync(harness, slice);
        var read = harness.Store.Parts.Context.Contents.Log.SizeBytes;
        for (var round = 1; round <= 3; round++)
        {
            // The same keys more than once in a batch, too: what is copied may itself wait.
            await harness.UpsertAsync(slice, [.. Enumerable.Range(0, 300).Select(i => Chunk("a", $"{i % 150:000}", x: i + round) with { Fields = ChunkFields.Vectors })]);
            (await RankAsync(harness, slice)).ShouldBe(before);
        }

        harness.Store.Parts.Context.Contents.Log.SizeBytes.ShouldBe(read, "a patch of a vector writes no text");
        await harness.ReopenAsync();
        (await RankAsync(harness, slice)).ShouldBe(before);
        (await harness.Store.GetTextStatisticsAsync(slice, "stone wall", default)).DocumentCounts.ShouldBe([300, 100]);
    }

    [Fact]
    public async Task A_generation_is_found_and_counted_only_when_it_is_committed()
    {
        await using var harness = await OpenAsync();
        var slice = await harness.CreateAsync();
        var generation = Guid.NewGuid();
        await harness.UpsertAsync(slice, Chunk("a", "old", text: "granite"));
        await harness.Store.StageAsync(slice, "a", generation, [Chunk("a", "new", text: "granite and marble")], harness.NewId(), default);
        (await FindAsync(harness, slice, "granite marble")).ShouldBe(["old"]);
        await harness.UnloadAsync(slice);
        (await harness.Store.GetTextStatisticsAsync(slice, "granite marble", default)).DocumentCounts.ShouldBe([1, 0]);
        await harness.Store.CommitAsync(slice, "a", generation, 1, default, harness.NewId(), default);
        (await FindAsync(harness, slice, "granite marble")).ShouldBe(["new"]);
        (await harness.Store.GetTextStatisticsAsync(slice, "granite marble", default)).DocumentCounts.ShouldBe([1, 1]);
    }

    [Fact]
    public async Task A_snapshot_of_a_time_before_texts_were_indexed_is_opened_and_its_texts_are_found()
    {
        await using var harness = await OpenAsync();
        var slice = await harness.CreateAsync();
        await harness.UpsertAsync(slice, [.. Enumerable.Range(0, 50).Select(i => Chunk("a", $"{i:00}", text: $"stone n{i}x"))]);
        await harness.UnloadAsync(slice);
        var entry = harness.Store.Parts.Catalog.Find(slice)!;
        RemoveTextSection(harness, entry);
        (await FindAsync(harness, slice, "n17x")).ShouldBe(["17"]);
        (await FindAsync(harness, slice, "stone")).Length.ShouldBe(50);
        // The next snapshot has the section.
        await harness.UpsertAsync(slice, Chunk("a", "50", text: "stone n50x"));
        await harness.UnloadAsync(slice);
        using var file = harness.Store.Parts.Context.Snapshots.Open(slice, entry.Snapshot.Generation, harness.Store.Parts.Context.Codec);
        file.Has(SnapshotSections.Text).ShouldBeTrue();
        (await FindAsync(harness, slice, "stone")).Length.ShouldBe(51);
    }

    [Fact]
    public async Task Filters_thresholds_and_attributes_hold_for_texts_too()
    {
        await using var harness = await OpenAsync(configure: options => options with
        {
            AttributeText = static attributes => new AttributeFields(Encoding.UTF8.GetString(attributes)),
        });
        var slice = await harness.CreateAsync();
        await harness.UpsertAsync(slice, [.. Enumerable.Range(0, 20).Select(i => Chunk("a", $"{i:00}", text: "stone wall",
            metadata: new Dictionary<string, MetadataValue> { ["n"] = MetadataValue.Of((long)i) }) with
        {
            Attributes = Encoding.UTF8.GetBytes(i == 5 ? "Quarries" : ""),
        })]);
        (await FindAsync(harness, slice, "quarry")).ShouldBe(["05"]);
        var query = new SearchQuery { Text = "stone", K = 10, Filter = new FilterExpression.Equal("n", MetadataValue.Of(7L)) };
        var hits = (await harness.Store.SearchAsync(slice, query, default)).Hits;
        hits.Select(hit => hit.Key.ChunkId).ShouldBe(["07"]);
        var above = query with { Filter = null, ScoreThreshold = hits[0].Score * 1.5f };
        (await harness.Store.SearchAsync(slice, above, default)).Hits.ShouldBeEmpty();
    }

    [Fact]
    public async Task Texts_that_are_too_long_and_statistics_of_another_text_are_refused()
    {
        await using var harness = await OpenAsync();
        var slice = await harness.CreateAsync();
        var statistics = await harness.Store.GetTextStatisticsAsync(slice, "one two", default);
        var other = new SearchQuery { Text = "one", K = 1, TextStatistics = statistics };
        (await Should.ThrowAsync<StoreException>(async () => await harness.Store.SearchAsync(slice, other, default))).Kind.ShouldBe(StoreErrorKind.InvalidArgument);
        var longer = new SearchQuery { Text = new string('x', 70_000), K = 1 };
        (await Should.ThrowAsync<StoreException>(async () => await harness.Store.SearchAsync(slice, longer, default))).Kind.ShouldBe(StoreErrorKind.InvalidArgument);
    }

    private static async Task<string[]> FindAsync(StoreHarness harness, SliceId slice, string text)
    {
        var answer = await harness.Store.SearchAsync(slice, new SearchQuery { Text = text, K = 100 }, default);
        return [.. answer.Hits.Select(hit => hit.Key.ChunkId)];
    }

    private static async Task<List<(string, float)>> RankAsync(StoreHarness harness, SliceId slice)
    {
        var query = new SearchQuery { Text = "wall n17x stone", K = 400 };
        return [.. (await harness.Store.SearchAsync(slice, query, default)).Hits.Select(hit => (hit.Key.ChunkId, hit.Score))];
    }

    private static void RemoveTextSection(StoreHarness harness, SliceEntry entry)
    {
        var context = harness.Store.Parts.Context;
        var path = context.Snapshots.PathOf(entry.Id, entry.Snapshot.Generation);
        using (var file = context.Snapshots.Open(entry.Id, entry.Snapshot.Generation, context.Codec))
        {
            File.Delete(path);
            using var written = context.Snapshots.Create(file.Header, context.Codec);
            foreach (var name in new[]
            {
                SnapshotSections.Summary, SnapshotSections.Rows, SnapshotSections.Documents, SnapshotSections.Recent,
                SnapshotSections.Metadata, SnapshotSections.Tags(0), SnapshotSections.Index(0),
            })
            {
                using var from = file.OpenSection(name);
                using var to = written.BeginSection(name);
                from.CopyTo(to);
            }

            foreach (var name in new[] { SnapshotSections.Keys, SnapshotSections.Vectors(0) })
            {
                using var from = file.OpenSection(name);
                using var to = written.BeginMappedSection(name);
                from.CopyTo(to);
            }

            written.Complete();
        }
    }
}
