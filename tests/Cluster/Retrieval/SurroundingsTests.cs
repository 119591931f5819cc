using Rag.V1;

namespace Rag.Cluster.Tests.Retrieval;

/// <summary>What hits are shown with: snippets and neighbours.</summary>
public sealed class SurroundingsTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public async Task Neighbours_are_the_chunks_beside_a_hit_in_its_document(int spread)
    {
        await using var cluster = await SearchCluster.StartAsync(shards: 2);
        await cluster.CreateAsync("docs", spread, SampleChunks.Space);
        var chunks = SampleChunks.Make(200, documents: 12, seed: 7);
        await cluster.UpsertAsync("docs", chunks);
        var documents = chunks.GroupBy(chunk => chunk.DocumentId)
            .ToDictionary(group => group.Key, group => group.OrderBy(chunk => chunk.ChunkId, StringComparer.Ordinal).ToList());
        foreach (var fields in new[] { null, new ReturnFields(), new ReturnFields { Metadata = true } })
        {
            var hits = await cluster.SearchAsync(new SearchRequest
            {
                Workspace = "docs", Vector = SampleChunks.VectorOf([0, 0, 0, 0]), K = 40, Neighbours = 2, ReturnFields = fields,
            });
            hits.Count.ShouldBe(40);
            foreach (var hit in hits)
            {
                var all = documents[hit.DocumentId];
                var at = all.FindIndex(chunk => chunk.ChunkId == hit.ChunkId);
                hit.ChunksBefore.Select(chunk => chunk.ChunkId).ShouldBe(all[Math.Max(0, at - 2)..at].Select(chunk => chunk.ChunkId));
                hit.ChunksAfter.Select(chunk => chunk.ChunkId).ShouldBe(all[(at + 1)..Math.Min(all.Count, at + 3)].Select(chunk => chunk.ChunkId));
                hit.ChunksAfter.ShouldAllBe(chunk => (chunk.Text != "") == (fields == null));
                hit.Text.ShouldBe(fields is null ? all[at].Text : "");
            }
        }
    }

    [Theory]
    [InlineData(SearchMode.Dense)]
    [InlineData(SearchMode.Sparse)]
    [InlineData(SearchMode.Hybrid)]
    public async Task Snippets_mark_the_words_as_the_index_sees_them(SearchMode mode)
    {
        await using var cluster = await SearchCluster.StartAsync(shards: 1);
        await cluster.CreateAsync("docs", 1, SampleChunks.Space);
        var filler = string.Join(' ', Enumerable.Repeat("lorem", 100));
        var text = $"{filler} Der CAFÉ runs CVE-2024-1234 {filler}";
        await cluster.UpsertAsync("docs", [new Chunk { ChunkId = "a", Text = text, Vectors = { [""] = SampleChunks.VectorOf([0, 0, 0, 1]) } }]);
        var request = new SearchRequest
        {
            Workspace = "docs", Text = "running a cafe on cve-2024-1234", Mode = mode, Highlight = new Highlight { Length = 80 }, ReturnFields = new ReturnFields(),
        };
        if (mode != SearchMode.Sparse)
            request.Vector = SampleChunks.VectorOf([0, 0, 0, 1]);
        var snippet = (await cluster.SearchAsync(request)).Single().Snippet;
        snippet.Matches.Select(match => text[match.StartOffset..match.EndOffset]).ShouldBe(["CAFÉ", "runs", "CVE-2024-1234"]);
        snippet.Text.ShouldBe(text[snippet.StartOffset..snippet.EndOffset]);
        snippet.Text.Length.ShouldBeLessThanOrEqualTo(80);
        snippet.Text.Split(' ').ShouldAllBe(word => word == "lorem" || "Der CAFÉ runs CVE-2024-1234".Contains(word));
    }
}
