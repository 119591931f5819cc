using Rag.Internal.V1;
using Rag.Router.Embedding;
using Rag.Router.Shards;
using Rag.V1;

namespace Rag.Router.Search;

/// <summary>
/// Scores hits anew by a cross-encoder, on whichever shard is there: all of them have the models. Thread-safe.
/// </summary>
internal sealed class HitReranker(TextEmbedder shards)
{
    /// <summary>The best hits, which carry their texts, by their new scores.</summary>
    public async Task<List<SearchHit>> RerankAsync(SearchPlan plan, List<SearchHit> hits, CallScope scope)
    {
        hits = HitGroups.Best(hits, plan.RerankedHits, plan.ChunksPerDocument);
        if (hits.Count == 0)
            return hits;
        var request = new RerankTextsRequest { Model = plan.Search.Rerank.Model, Query = plan.Search.Text };
        request.Texts.AddRange(hits.Select(static hit => hit.Text));
        var answer = await shards.RerankAsync(request, scope);
        for (var i = 0; i < hits.Count; i++)
            hits[i].Score = answer.Scores[i];
        HitMerge.Sort(hits);
        return hits;
    }
}
