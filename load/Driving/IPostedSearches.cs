using Rag.Load.Measuring;

namespace Rag.Load.Driving;

/// <summary>
/// Searches by vector that are posted and counted when their answers come, without a task, an object or a message for each:
/// what a load program needs that is to cost less than the server. One thread posts.
/// </summary>
internal interface IPostedSearches : IAsyncDisposable
{
    /// <summary>Searches that are not answered yet.</summary>
    int UnderWay { get; }

    /// <summary>Takes a search; what becomes of it is told to the meter.</summary>
    /// <param name="operation">Which one.</param>
    /// <param name="due">When it was to be sent.</param>
    /// <param name="meter">Who counts.</param>
    void Post(Operation operation, long due, TrafficMeter meter);

    /// <summary>Sends what was posted.</summary>
    void Flush();
}
