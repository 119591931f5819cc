using Rag.V1;

namespace Rag.Load.Driving;

/// <summary>One way of calling searches. Thread-safe. Failures are RpcExceptions with the status of the search.</summary>
internal interface ISearcher : IAsyncDisposable
{
    Task<SearchResponse> SearchAsync(SearchRequest request, CancellationToken cancellationToken);
}
