using Grpc.Core;
using Rag.V1;

namespace Rag.Client;

/// <summary>Searches: one, many at once, or any number over one stream. Thread-safe.</summary>
public sealed class SearchClient
{
    private readonly SearchService.SearchServiceClient _service;
    private readonly CallRunner _calls;

    internal SearchClient(CallInvoker invoker, CallRunner calls)
    {
        _service = new SearchService.SearchServiceClient(invoker);
        _calls = calls;
    }

    /// <summary>Finds the chunks of a workspace nearest to a text or vector, best first.</summary>
    public Task<SearchResponse> SearchAsync(
        string workspace, SearchQuery query, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(query);
        var request = query.ToRequest(workspace);
        return _calls.RunAsync(options => _service.SearchAsync(request, options), cancellationToken);
    }

    /// <summary>
    /// Finds all chunks, page by page of <see cref="SearchQuery.K"/>; a chunk that does not change meanwhile comes
    /// exactly once.
    /// </summary>
    public async IAsyncEnumerable<SearchHit> SearchPagesAsync(
        string workspace, SearchQuery query,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(query);
        query = query with { Paging = true };
        do
        {
            var page = await SearchAsync(workspace, query, cancellationToken);
            foreach (var hit in page.Hits)
                yield return hit;
            query = query with { PageToken = page.NextPageToken };
        }
        while (query.PageToken.Length > 0);
    }

    /// <summary>Counts the chunks that match a filter, and how many have which values.</summary>
    /// <param name="filter">Null for every chunk.</param>
    /// <param name="facets">1 to 16.</param>
    public Task<CountFacetsResponse> CountFacetsAsync(
        string workspace, Filter? filter, IEnumerable<Facet> facets, CancellationToken cancellationToken = default)
    {
        var request = new CountFacetsRequest { Workspace = workspace, Filter = filter };
        request.Facets.AddRange(facets);
        return _calls.RunAsync(options => _service.CountFacetsAsync(request, options), cancellationToken);
    }

    /// <summary>Up to 1,000 searches in one call, each with a result or an error of its own, in order.</summary>
    public Task<IReadOnlyList<SearchResult>> SearchBatchAsync(
        IEnumerable<(string Workspace, SearchQuery Query)> searches, CancellationToken cancellationToken = default) =>
        SearchBatchAsync(searches.Select(search => search.Query.ToRequest(search.Workspace)), cancellationToken);

    /// <summary>The same for searches as they are sent.</summary>
    public async Task<IReadOnlyList<SearchResult>> SearchBatchAsync(
        IEnumerable<SearchRequest> searches, CancellationToken cancellationToken = default)
    {
        var request = new SearchBatchRequest();
        request.Searches.AddRange(searches);
        var response = await _calls.RunAsync(
            options => _service.SearchBatchAsync(request, options), cancellationToken);
        return response.Results;
    }

    /// <summary>Opens a stream that many callers can search through at once, without set-up per search.</summary>
    /// <param name="maxInFlight">How many searches may be under way; further ones wait. Default 64.</param>
    public SearchStream OpenStream(int maxInFlight = 64)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxInFlight, 1);
        var stop = new CancellationTokenSource();
        return new SearchStream(_service.SearchStream(CallRunner.Stream(stop.Token)), maxInFlight, stop);
    }
}
