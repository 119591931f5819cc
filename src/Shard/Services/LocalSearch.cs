using Rag.Engine;
using Rag.Engine.Storage;
using Rag.Hosting.Wire;
using Rag.Shard.Errors;
using Rag.Shard.Mapping;
using Rag.Shard.Refinement;

namespace Rag.Shard.Services;

/// <summary>
/// Searches for a router in the same process: the checks of <see cref="SearchHandler"/>, the engine, and hits as bytes.
/// Thread-safe.
/// </summary>
internal sealed class LocalSearch(ShardStore store, SliceResolver resolver, SearchActivity activity) : ILocalSearch
{
    [ThreadStatic]
    private static HitBytes? t_hits;

    public bool TrySearch(in LocalSearchQuery search, WireBuffer hits, out LocalSearchAnswer found)
    {
        found = default;
        var start = hits.Length;
        try
        {
            var slice = new SliceId(search.WorkspaceUid, search.Partition);
            if (resolver.FindSettings(slice, search.SettingsVersion) is not { } settings)
                return false;
            using var underWay = activity.Begin(search.WorkspaceUid);
            var query = new VectorQuery(
                WorkspaceProfile.Of(settings).IndexOf(""), search.Vector, search.K, search.Ef, search.RecallTarget,
                search.Exact, FieldsOf(search.Fields));
            var sink = t_hits ??= new HitBytes();
            sink.To = hits;
            if (!store.TrySearch(slice, query, sink, out var answer))
                return false;
            found = new LocalSearchAnswer(
                answer.Stamp.Epoch, answer.Stamp.Sequence, answer.SearchTime, answer.FetchTime);
            return true;
        }
        catch (Exception refused) when (refused is StoreException or InvalidInputException)
        {
            // The usual way meets the same and tells the caller.
            hits.TruncateTo(start);
            return false;
        }
    }

    private static ReturnFields FieldsOf(HitFields fields) =>
        ((fields & HitFields.Text) != 0 ? ReturnFields.Text : 0)
        | ((fields & HitFields.Metadata) != 0 ? ReturnFields.Metadata : 0)
        | ((fields & HitFields.Passage) != 0 ? ReturnFields.Attributes : 0);
}
