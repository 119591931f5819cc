using Rag.V1;

namespace Rag.Load.Driving;

/// <summary>Searches over a few streams in turn. A stream that breaks is opened again by the next search.</summary>
internal sealed class StreamSearcher : ISearcher
{
    private readonly SearchService.SearchServiceClient[] _clients;
    private readonly SearchLane?[] _lanes;
    private readonly TimeSpan _timeout;
    private uint _next;

    public StreamSearcher(Connections connections, int streams, TimeSpan timeout)
    {
        _clients = [.. connections.Invokers.Select(invoker => new SearchService.SearchServiceClient(invoker))];
        _lanes = new SearchLane?[streams];
        _timeout = timeout;
    }

    public Task<SearchResponse> SearchAsync(SearchRequest request, CancellationToken cancellationToken)
    {
        var number = (int)(Interlocked.Increment(ref _next) % (uint)_lanes.Length);
        return Lane(number).SearchAsync(request, cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var lane in _lanes)
        {
            if (lane is not null)
                await lane.DisposeAsync();
        }
    }

    private SearchLane Lane(int number)
    {
        if (Volatile.Read(ref _lanes[number]) is { IsBroken: false } open)
            return open;
        lock (_lanes)
        {
            if (_lanes[number] is { IsBroken: false } other)
                return other;
            var lane = new SearchLane(_clients[number % _clients.Length].SearchStream(), _timeout);
            Volatile.Write(ref _lanes[number], lane);
            return lane;
        }
    }
}
