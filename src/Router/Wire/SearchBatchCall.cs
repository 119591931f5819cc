using Rag.Router.Search;
using Rag.V1;

namespace Rag.Router.Wire;

/// <summary>A batch of searches as it came over a socket.</summary>
internal sealed class SearchBatchCall
{
    public List<SearchCall> Items { get; } = new(64);

    public static SearchBatchCall Of(SearchBatchRequest message)
    {
        var batch = new SearchBatchCall();
        // One more than are allowed are enough to be refused.
        foreach (var search in message.Searches.Take(SearchItems.MaxBatch + 1))
            batch.Items.Add(SearchCall.Of(search));
        return batch;
    }

    /// <summary>Gives the searches back.</summary>
    public void Return()
    {
        foreach (var item in Items)
            item.Return();
        Items.Clear();
    }
}
