using Grpc.Core;
using Rag.V1;

namespace Rag.Client;

/// <summary>Everything in one workspace. Thread-safe.</summary>
public sealed class WorkspaceClient
{
    private readonly SearchClient _searches;

    internal WorkspaceClient(string name, CallInvoker invoker, CallRunner calls, SearchClient searches)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        Name = name;
        _searches = searches;
        Chunks = new ChunksClient(name, invoker, calls);
        Jobs = new JobsClient(name, invoker, calls);
        Documents = new DocumentsClient(name, invoker, calls, Jobs);
    }

    public string Name { get; }

    /// <summary>Chunks that the caller cuts, with or without vectors of its own.</summary>
    public ChunksClient Chunks { get; }

    /// <summary>Files and texts that the engine extracts and cuts.</summary>
    public DocumentsClient Documents { get; }

    /// <summary>What becomes of files on their way in.</summary>
    public JobsClient Jobs { get; }

    /// <inheritdoc cref="SearchAsync(SearchQuery, CancellationToken)"/>
    public Task<SearchResponse> SearchAsync(string text, int k = 10, CancellationToken cancellationToken = default) =>
        SearchAsync(new SearchQuery { Text = text, K = k }, cancellationToken);

    /// <summary>Finds the chunks nearest to a text or vector, best first.</summary>
    public Task<SearchResponse> SearchAsync(SearchQuery query, CancellationToken cancellationToken = default) =>
        _searches.SearchAsync(Name, query, cancellationToken);

    /// <inheritdoc cref="SearchClient.SearchPagesAsync"/>
    public IAsyncEnumerable<SearchHit> SearchPagesAsync(
        SearchQuery query, CancellationToken cancellationToken = default) =>
        _searches.SearchPagesAsync(Name, query, cancellationToken);

    /// <inheritdoc cref="SearchClient.CountFacetsAsync"/>
    public Task<CountFacetsResponse> CountFacetsAsync(
        Filter? filter, IEnumerable<Facet> facets, CancellationToken cancellationToken = default) =>
        _searches.CountFacetsAsync(Name, filter, facets, cancellationToken);
}
