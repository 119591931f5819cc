using Grpc.Core;
using Rag.V1;

namespace Rag.Load.Driving;

/// <summary>A call a search, over several connections in turn.</summary>
internal sealed class UnarySearcher(Connections connections, TimeSpan timeout) : ISearcher
{
    private readonly SearchService.SearchServiceClient[] _clients =
        [.. connections.Invokers.Select(invoker => new SearchService.SearchServiceClient(invoker))];

    private uint _next;

    public Task<SearchResponse> SearchAsync(SearchRequest request, CancellationToken cancellationToken) =>
        _clients[Interlocked.Increment(ref _next) % (uint)_clients.Length].SearchAsync(
            request, new CallOptions(deadline: DateTime.UtcNow + timeout, cancellationToken: cancellationToken)).ResponseAsync;

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
