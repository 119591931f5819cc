using System.Diagnostics;
using Google.Protobuf.WellKnownTypes;
using Rag.Router.Shards;
using Rag.Router.Workspaces;
using Rag.V1;

namespace Rag.Router.Search;

/// <summary>What comes between finding hits and cutting the page: each stage reorders a list that the next one
/// gets.</summary>
internal sealed class HitStages(LateInteractionStage lateInteraction, HitReranker reranker, TimeProvider time)
{
    public async ValueTask<List<SearchHit>> ApplyAsync(
        KnownWorkspace workspace, SearchPlan plan, List<SearchHit> hits, SearchTimings timings, CallScope scope)
    {
        var search = plan.Search;
        var started = Stopwatch.GetTimestamp();
        if (search.Boosts.Count > 0)
        {
            // Each shard sends as many as there may be in all.
            hits = HitGroups.Best(hits, plan.PoolSize, plan.ChunksPerDocument);
            HitBoost.Apply(search.Boosts, hits, time.GetUtcNow());
        }

        if (search.LateInteraction is not null)
            hits = await lateInteraction.ScoreAsync(workspace, plan, hits, scope);
        if (search.Rerank is not null)
            hits = await reranker.RerankAsync(plan, hits, scope);
        if (search.LateInteraction is not null || search.Rerank is not null)
            timings.Rerank = Duration.FromTimeSpan(Stopwatch.GetElapsedTime(started));

        if (search.Diversity is { } diversity)
            hits = Diversify(plan, diversity, hits);
        if (plan.HasPoolFields)
        {
            foreach (var hit in hits)
                Strip(hit);
        }

        return hits;
    }

    private static List<SearchHit> Diversify(SearchPlan plan, Diversity diversity, List<SearchHit> hits)
    {
        // Below the threshold nothing is to be chosen, so it comes before the choice.
        if (plan.Search.HasScoreThreshold)
            hits.RemoveAll(hit => !(hit.Score >= plan.Search.ScoreThreshold));
        // Whoever is chosen later does not change who was chosen before: pages go on in the same order.
        var count = plan.HasWindow ? SearchWindow.MaxHits : plan.K + plan.Offset;
        if (plan.ChunksPerDocument == 0)
            return HitDiversity.Choose([.. hits.Take(plan.FetchK)], diversity, plan.DiversitySpace, count);
        // Documents are told apart by their best chunks.
        var groups = HitGroups.Of(hits, plan.ChunksPerDocument);
        var heads = groups.Take(plan.FetchK).Select(group => group[0]).ToList();
        var byHead = groups.ToDictionary(group => group[0].DocumentId, StringComparer.Ordinal);
        return [.. HitDiversity.Choose(heads, diversity, plan.DiversitySpace, count).SelectMany(head => byHead[head.DocumentId])];
    }

    // What the stages needed is not what the caller asked for.
    private static void Strip(SearchHit hit)
    {
        hit.Text = "";
        hit.Metadata.Clear();
        hit.Vectors.Clear();
        hit.Passage = null;
    }
}
