using Google.Protobuf.WellKnownTypes;
using Rag.Router.Workspaces;
using Rag.V1;

namespace Rag.Router.Search;

/// <summary>
/// Pages of a <see cref="SearchWindow"/>.
/// <code>
/// first page:  hits in their final order ──► threshold ──► the first 1,000 ──► k of them │ the others into the token
/// later ones:  token ──► the next k │ the others into the next token
/// </code>
/// </summary>
internal static class SearchWindows
{
    /// <summary>Cuts the first page, and keeps the rest in the answer's token.</summary>
    public static void Open(SearchPlan plan, List<SearchHit> hits, SearchResponse answer)
    {
        if (plan.Search.HasScoreThreshold)
            hits.RemoveAll(hit => !(hit.Score >= plan.Search.ScoreThreshold));
        if (plan.ChunksPerDocument > 0)
            hits = [.. HitGroups.Of(hits, plan.ChunksPerDocument).SelectMany(static group => group)];
        var rest = HitPage.CutWindow(plan, hits, answer.Hits);
        rest = Shortened(plan, rest, Math.Max(0, SearchWindow.MaxHits - answer.Hits.Count));
        var shown = UnitsOf(plan, answer.Hits);
        // Ids may be so long that fewer fit into a token: the window is as large as that.
        while (true)
        {
            answer.PageWindow = shown + UnitsOf(plan, rest);
            if (rest.Count == 0)
                return;
            var window = new SearchWindow(rest, answer.PageWindow, answer.Encoder, answer.ConsistencyToken);
            if (window.ToToken(plan.Hash) is { } token)
            {
                answer.NextPageToken = token;
                return;
            }

            rest = Shortened(plan, rest, rest.Count * 4 / 5);
        }
    }

    /// <summary>The next page of a window, without what its hits carry.</summary>
    public static SearchResponse Continue(KnownWorkspace workspace, SearchPlan plan, SearchWindow window)
    {
        var answer = new SearchResponse
        {
            Encoder = window.Encoder,
            ConsistencyToken = window.ConsistencyToken,
            SettingsVersion = workspace.SettingsVersion,
            PageWindow = window.Size,
            Timings = new SearchTimings
            {
                Embed = new Duration(), Search = new Duration(), Fetch = new Duration(), Merge = new Duration(),
            },
        };
        var rest = HitPage.CutWindow(plan, window.Hits, answer.Hits);
        if (rest.Count > 0)
            answer.NextPageToken = (window with { Hits = rest }).ToToken(plan.Hash) ?? "";
        return answer;
    }

    // No document is cut through.
    private static List<SearchHit> Shortened(SearchPlan plan, List<SearchHit> hits, int end)
    {
        if (hits.Count <= end)
            return hits;
        while (plan.ChunksPerDocument > 0 && end > 0 && hits[end].DocumentId == hits[end - 1].DocumentId)
            end--;
        return hits[..end];
    }

    private static int UnitsOf(SearchPlan plan, IReadOnlyCollection<SearchHit> hits) => plan.ChunksPerDocument == 0
        ? hits.Count
        : hits.Select(static hit => hit.DocumentId).Distinct(StringComparer.Ordinal).Count();
}
