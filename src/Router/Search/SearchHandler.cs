using System.Diagnostics;
using Google.Protobuf.WellKnownTypes;
using Rag.Router.Shards;
using Rag.Router.Validation;
using Rag.Router.Workspaces;
using Rag.V1;

namespace Rag.Router.Search;

/// <summary>
/// One search, stage by stage. Thread-safe.
/// <code>
/// check ──► plan ──► retrieve (by text, vector or examples; shards; merge, mix) ──► stages (boost, compare, rerank, diversify)
///       ──► cut the page (documents, threshold, offset, cursor)
///       ──► fetch what the hits carry (texts, metadata, snippets, neighbours), where shards have not sent it
/// facets are counted meanwhile
/// </code>
/// </summary>
internal sealed class SearchHandler(
    WorkspaceDirectory directory, HitRetriever retriever, ExampleSearch examples, HitStages stages, HitFetcher fetcher,
    FacetHandler facets)
{
    public Task<SearchResponse> SearchAsync(SearchRequest request, CallScope scope)
    {
        SearchRules.Check(request);
        return directory.WithAsync(
            request.Workspace, (Handler: this, Request: request, Scope: scope),
            static (workspace, state, _) => state.Handler.SearchAsync(workspace, state.Request, state.Scope),
            scope.Token);
    }

    private async Task<SearchResponse> SearchAsync(KnownWorkspace workspace, SearchRequest request, CallScope scope)
    {
        var started = Stopwatch.GetTimestamp();
        var plan = SearchPlan.Of(request, workspace);
        var counting = request.Facets.Count > 0 ? facets.CountAsync(workspace, request, scope) : null;
        if (plan.Window is { } window)
            return await CompleteAsync(workspace, plan, SearchWindows.Continue(workspace, plan, window), counting, started, scope);
        var (answer, hits, mix) = request.Examples is null
            ? await retriever.RetrieveAsync(workspace, plan, scope)
            : await examples.RetrieveAsync(workspace, plan, scope);
        hits = await stages.ApplyAsync(workspace, plan, hits, answer.Timings, scope);
        if (plan.HasWindow)
            SearchWindows.Open(plan, hits, answer);
        else if (HitPage.Cut(plan, hits, answer.Hits) is { } place && plan.IsPaged)
            answer.NextPageToken = new SearchCursor(place, plan.Statistics, mix).ToToken(plan.Hash);
        return await CompleteAsync(workspace, plan, answer, counting, started, scope);
    }

    // What hits carry, and the counts.
    private async Task<SearchResponse> CompleteAsync(
        KnownWorkspace workspace, SearchPlan plan, SearchResponse answer, Task<CountFacetsResponse>? counting, long started,
        CallScope scope)
    {
        if (plan.FetchesLater)
        {
            var fetchStarted = Stopwatch.GetTimestamp();
            await fetcher.FetchAsync(workspace, plan, answer.Hits, scope);
            answer.Timings.Fetch = Duration.FromTimeSpan(Stopwatch.GetElapsedTime(fetchStarted));
        }

        if (counting is not null)
            answer.Facets.AddRange((await counting).Facets);
        answer.Timings.Total = Duration.FromTimeSpan(Stopwatch.GetElapsedTime(started));
        return answer;
    }
}
