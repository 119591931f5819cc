using Rag.Load.Measuring;

namespace Rag.Load.Driving;

/// <summary>Posted searches over a few streams in turn. A stream that breaks is opened again by the next search.</summary>
internal sealed class PostedStreams(Connections connections, VectorQueries queries, int streams, TimeSpan timeout)
    : IPostedSearches
{
    private readonly PostedLane?[] _lanes = new PostedLane?[streams];
    private int _next;

    public int UnderWay
    {
        get
        {
            var sum = 0;
            foreach (var lane in _lanes)
                sum += Volatile.Read(in lane)?.UnderWay ?? 0;
            return sum;
        }
    }

    public void Post(Operation operation, long due, TrafficMeter meter)
    {
        operation = operation with { Number = VectorQueries.NumberOf(operation.Number) };
        _next = (_next + 1) % _lanes.Length;
        if (_lanes[_next] is not { IsBroken: false })
            _lanes[_next] = new PostedLane(connections.Invokers[_next % connections.Invokers.Count], timeout);
        _lanes[_next]!.Post(operation, queries.Get(operation), due, meter);
    }

    public void Flush()
    {
        foreach (var lane in _lanes)
            lane?.Flush();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var lane in _lanes)
        {
            if (lane is not null)
                await lane.DisposeAsync();
        }
    }
}
