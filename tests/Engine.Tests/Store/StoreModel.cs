using Rag.Engine.Filters;
using Rag.Engine.Storage;
using Rag.Engine.Tests.MultiVectors;

namespace Rag.Engine.Tests.Store;

/// <summary>What a slice must hold, as plain dictionaries, and the comparison with what it does hold.</summary>
internal sealed class StoreModel(SliceId slice)
{
    public SliceId Slice => slice;

    public SortedDictionary<ChunkKey, ModelChunk> Chunks { get; } = [];

    public Dictionary<(string Document, Guid Generation), Dictionary<string, ModelChunk>> Staged { get; } = [];

    public Dictionary<string, Guid> Committed { get; } = [];

    public void RemoveDocument(string document)
    {
        foreach (var key in Chunks.Keys.Where(key => key.DocumentId == document).ToList())
            Chunks.Remove(key);
    }

    /// <summary>Compares counts, lists, gets and searches with the model.</summary>
    public async Task CompareAsync(ShardStore store, Random random)
    {
        (await store.CountAsync(slice, null, null, default)).ShouldBe(Chunks.Count);
        await CompareListAsync(store, random.Next(1, 40));
        await CompareSearchAsync(store, random.Next(0, 12), random.Next(1, 15), exact: true);
        await CompareSearchAsync(store, random.Next(0, 12), random.Next(1, 15), exact: false);
        await CompareTextAsync(store, random);
        await CompareSparseAsync(store, random);
        var number = random.Next(5);
        var filter = new FilterExpression.Equal("n", MetadataValue.Of((long)number));
        (await store.CountAsync(slice, filter, null, default))
            .ShouldBe(Chunks.Values.Count(chunk => chunk.Number == number));
        var document = $"d{random.Next(8)}";
        (await store.CountAsync(slice, null, document, default))
            .ShouldBe(Chunks.Keys.Count(key => key.DocumentId == document));
        await CompareScoresAsync(store, random);
        var statistics = await store.GetStatisticsAsync(slice, default);
        statistics.Chunks.ShouldBe(Chunks.Count);
        statistics.Documents.ShouldBe(Chunks.Keys.Select(key => key.DocumentId).Distinct().Count());
        statistics.Spaces[0].Vectors.ShouldBe(Chunks.Count);
    }

    private async Task CompareListAsync(ShardStore store, int pageSize)
    {
        var listed = new List<StoredChunk>();
        ChunkKey? after = null;
        do
        {
            var page = await store.ListAsync(slice, after, pageSize, null, null, ReturnFields.All, default);
            listed.AddRange(page.Chunks);
            after = page.Next;
        }
        while (after is not null);

        listed.Select(chunk => chunk.Key).ShouldBe(Chunks.Keys);
        foreach (var chunk in listed)
        {
            var expected = Chunks[chunk.Key];
            chunk.Text.ShouldBe(expected.Text);
            chunk.Metadata!["n"].ShouldBe(MetadataValue.Of((long)expected.Number));
            chunk.Vectors!.Single().Values.ToArray().ShouldBe(StoreHarness.Vector(expected.X));
            chunk.Version.ShouldBe(expected.Version);
            // Multiples of 1/127 of the largest are kept as they are.
            (chunk.MultiVector is null).ShouldBe(expected.Tokens is null);
            chunk.MultiVector?.Values.ToArray().ShouldBe(expected.Tokens!, 1e-4);
            SparseModel.ShouldBeSame(chunk.Sparse!.Value, expected.Sparse);
        }
    }

    private async Task CompareScoresAsync(ShardStore store, Random random)
    {
        var query = new MultiVector(2, new float[] { 127, random.Next(-127, 128), random.Next(-127, 128), 127 });
        ChunkKey[] keys = [.. Chunks.Keys.Take(200), new ChunkKey("d0", "never")];
        var scores = await store.ScoreAsync(slice, keys, query, default);
        for (var i = 0; i < keys.Length; i++)
        {
            var expected = Chunks.GetValueOrDefault(keys[i])?.Tokens is { } tokens
                ? MaxSimOracle.Score(query, new MultiVector(2, tokens))
                : (double?)null;
            (scores[i] is null).ShouldBe(expected is null);
            if (expected is { } score)
                ((double)scores[i]!).ShouldBe(score, 1);
        }
    }

    private async Task CompareTextAsync(ShardStore store, Random random)
    {
        var word = Chunks.Count > 0 ? Chunks.Values.ElementAt(random.Next(Chunks.Count)).Text.Split(' ')[1] : "none";
        var matching = Chunks.Where(chunk => chunk.Value.Text == $"text {word}").Select(chunk => chunk.Key).ToArray();
        var statistics = await store.GetTextStatisticsAsync(slice, $"text {word}", default);
        statistics.Documents.ShouldBe(Chunks.Count);
        statistics.DocumentCounts.ShouldBe([Chunks.Count, matching.Length]);
        var query = new SearchQuery { Text = $"text {word}", K = 1 + matching.Length, Return = ReturnFields.Text };
        var hits = (await store.SearchAsync(slice, query, default)).Hits;
        hits.Count.ShouldBe(Math.Min(query.K, Chunks.Count));
        hits.Take(matching.Length).Select(hit => hit.Key).ShouldBe(matching);
        hits.ShouldAllBe(hit => hit.Text == Chunks[hit.Key].Text);
    }

    private async Task CompareSparseAsync(ShardStore store, Random random)
    {
        var query = new SearchQuery { Sparse = SparseModel.RandomVector(random), K = random.Next(1, 15), Return = ReturnFields.Text };
        var hits = (await store.SearchAsync(slice, query, default)).Hits;
        var best = SparseModel.Best(Chunks.Select(chunk => (chunk.Key, chunk.Value.Sparse)), query.Sparse.Value).Take(query.K);
        hits.Select(hit => (hit.Key, hit.Score)).ShouldBe(best);
        hits.ShouldAllBe(hit => hit.Text == Chunks[hit.Key].Text);
        (await store.GetStatisticsAsync(slice, default)).SparseIndex.Documents.ShouldBe(Chunks.Values.Count(chunk => !chunk.Sparse.IsEmpty));
    }

    private async Task CompareSearchAsync(ShardStore store, float x, int k, bool exact)
    {
        var query = StoreHarness.Query(x, k, ReturnFields.Text) with { Exact = exact };
        var hits = (await store.SearchAsync(slice, query, default)).Hits;
        hits.Count.ShouldBe(Math.Min(k, Chunks.Count));
        foreach (var hit in hits)
        {
            hit.Text.ShouldBe(Chunks[hit.Key].Text);
            hit.Score.ShouldBe(-(x - Chunks[hit.Key].X) * (x - Chunks[hit.Key].X), 1e-3f);
        }

        if (!exact)
            return;
        var best = Chunks.OrderBy(chunk => Math.Abs(x - chunk.Value.X)).ThenBy(chunk => chunk.Key).Take(k);
        hits.Select(hit => hit.Key).ShouldBe(best.Select(chunk => chunk.Key));
    }
}

/// <summary>A chunk in the model.</summary>
/// <param name="Tokens">Vectors for late interaction, of two dimensions; null for none.</param>
internal sealed record ModelChunk(
    float X, string Text, int Number, WriteStamp Version, float[]? Tokens, SparseVector Sparse);
