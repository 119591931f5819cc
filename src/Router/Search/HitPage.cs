using Google.Protobuf.Collections;
using Rag.V1;

namespace Rag.Router.Search;

/// <summary>Cuts the page that was asked for out of all hits in their final order.</summary>
internal static class HitPage
{
    /// <summary>Adds the page to <paramref name="page"/>; returns where the next one begins, null behind the last
    /// one.</summary>
    public static SearchPlace? Cut(SearchPlan plan, List<SearchHit> hits, RepeatedField<SearchHit> page)
    {
        if (plan.Search.HasScoreThreshold)
            hits.RemoveAll(hit => !(hit.Score >= plan.Search.ScoreThreshold));
        // Shards begin behind the cursor by themselves; what is mixed here does not.
        if (plan.IsHybrid && plan.Cursor is { } cursor)
            hits.RemoveAll(hit => !cursor.Place.IsBefore(hit));
        if (plan.ChunksPerDocument > 0)
            return CutGroups(plan, HitGroups.Of(hits, plan.ChunksPerDocument), page);
        var end = Math.Min(hits.Count, plan.Offset + plan.K);
        for (var i = plan.Offset; i < end; i++)
            page.Add(hits[i]);
        return end < hits.Count && page.Count > 0 ? PlaceOf(plan, hits[end - 1], page.Count) : null;
    }

    /// <summary>Adds the page to <paramref name="page"/>; returns the hits behind it, in their order.</summary>
    public static List<SearchHit> CutWindow(SearchPlan plan, List<SearchHit> hits, RepeatedField<SearchHit> page)
    {
        var end = plan.ChunksPerDocument == 0
            ? Math.Min(hits.Count, plan.K)
            : HitGroups.Of(hits, plan.ChunksPerDocument).Take(plan.K).Sum(static group => group.Count);
        page.AddRange(hits.Take(end));
        return hits[end..];
    }

    private static SearchPlace? CutGroups(
        SearchPlan plan, List<List<SearchHit>> groups, RepeatedField<SearchHit> page)
    {
        var end = Math.Min(groups.Count, plan.Offset + plan.K);
        for (var i = plan.Offset; i < end; i++)
            page.AddRange(groups[i]);
        return end < groups.Count && end > plan.Offset ? PlaceOf(plan, groups[end - 1][0], end - plan.Offset) : null;
    }

    private static SearchPlace PlaceOf(SearchPlan plan, SearchHit last, int count) =>
        new(last.Score, last.DocumentId, last.ChunkId, count + (plan.Cursor?.Place.Rank ?? 0));
}
