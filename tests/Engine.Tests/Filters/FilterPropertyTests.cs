using FsCheck;
using FsCheck.Fluent;
using Rag.Engine.Filters;
using Rag.Engine.Storage;
using Rag.Engine.Tests.Store;
using static Rag.Engine.Tests.Store.StoreHarness;

namespace Rag.Engine.Tests.Filters;

/// <summary>Filters against evaluation value by value, through the whole store.</summary>
public sealed class FilterPropertyTests
{
    private static readonly string[] Texts = ["", "x", "y yy", "yy x e", "é y"];

    [Fact]
    public async Task Any_filter_accepts_the_same_chunks_before_and_after_writes_a_snapshot_and_a_recovery()
    {
        var harness = await OpenAsync();
        await using var closing = harness;
        var slice = await harness.CreateAsync();
        var chunks = new Dictionary<string, (Dictionary<string, MetadataValue> Metadata, string Text)>();
        var random = new Random(11);
        for (var round = 0; round < 4; round++)
        {
            var ids = Enumerable.Range(0, 40).Select(_ => $"{random.Next(100)}").Distinct().ToList();
            foreach (var id in ids)
                chunks[id] = (FilterModel.RandomMetadata(random), Texts[random.Next(Texts.Length)]);
            await harness.UpsertAsync(slice, [.. ids.Select(id =>
                Chunk("a", id, text: chunks[id].Text) with { Metadata = chunks[id].Metadata })]);
            if (round == 1)
                await harness.UnloadAsync(slice);
            if (round == 2)
                await harness.ReopenAsync();
            Check(harness, slice, chunks);
        }
    }

    [Fact]
    public async Task A_delete_takes_places_and_lists_and_refuses_words()
    {
        await using var harness = await OpenAsync();
        var slice = await harness.CreateAsync();
        await harness.UpsertAsync(slice,
            Chunk("a", "1") with { Metadata = Of("at", MetadataValue.Of(new GeoPoint(52.5, 13.4))) },
            Chunk("a", "2") with { Metadata = Of("at", MetadataValue.Of(new GeoPoint(48.1, 11.6))) },
            Chunk("a", "3") with { Metadata = Of("tags", MetadataValue.List(["x", "y"])) });
        await DeleteAsync(new FilterExpression.GeoRadius("at", new GeoPoint(52.5, 13.5), 10_000));
        await DeleteAsync(new FilterExpression.ContainsAll("tags", MetadataValue.List(["y", "x"])));
        (await harness.Store.CountAsync(slice, null, null, default)).ShouldBe(1);
        var refused = await Should.ThrowAsync<StoreException>(
            () => DeleteAsync(new FilterExpression.Not(new FilterExpression.Match("", "word", true))));
        refused.Kind.ShouldBe(StoreErrorKind.InvalidArgument);

        async Task DeleteAsync(FilterExpression filter) =>
            await harness.Store.DeleteAsync(slice, new ChunkSelection.ByFilter(filter), harness.NewId(), default);
    }

    private static void Check(StoreHarness harness, SliceId slice,
        Dictionary<string, (Dictionary<string, MetadataValue> Metadata, string Text)> chunks)
    {
        var filters = Gen.Choose(int.MinValue, int.MaxValue).Select(seed => FilterModel.RandomFilter(new Random(seed)));
        Prop.ForAll(filters.ToArbitrary(), filter =>
        {
            var count = harness.Store.CountAsync(slice, filter, null, default).AsTask().GetAwaiter().GetResult();
            return count == chunks.Values.Count(chunk => FilterModel.Accepts(filter, chunk.Metadata, chunk.Text));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(150));
    }

    private static Dictionary<string, MetadataValue> Of(string key, MetadataValue value) => new() { [key] = value };
}
