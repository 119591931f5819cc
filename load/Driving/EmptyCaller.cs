using Grpc.Core;
using Rag.Internal.V1;
using Rag.V1;

namespace Rag.Load.Driving;

/// <summary>The calls of <see cref="UnarySearcher"/> to a method that does not search: what a call costs by itself.</summary>
internal sealed class EmptyCaller(Connections connections, TimeSpan timeout) : ISearcher
{
    private static readonly SearchResponse Nothing = new();

    private readonly ProbeService.ProbeServiceClient[] _clients =
        [.. connections.Invokers.Select(invoker => new ProbeService.ProbeServiceClient(invoker))];

    private uint _next;

    public async Task<SearchResponse> SearchAsync(SearchRequest request, CancellationToken cancellationToken)
    {
        await _clients[Interlocked.Increment(ref _next) % (uint)_clients.Length].DiscardAsync(
            request, new CallOptions(deadline: DateTime.UtcNow + timeout, cancellationToken: cancellationToken));
        return Nothing;
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
