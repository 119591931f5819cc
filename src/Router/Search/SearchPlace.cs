using Rag.Router.Shards;
using Rag.V1;

namespace Rag.Router.Search;

/// <summary>A place in the order of hits.</summary>
/// <param name="Rank">How many hits or documents came before it.</param>
internal readonly record struct SearchPlace(float Score, string DocumentId, string ChunkId, int Rank)
{
    public static SearchPlace Of(SearchHit hit) => new(hit.Score, hit.DocumentId, hit.ChunkId, 0);

    public bool IsBefore(SearchHit hit) => hit.Score != Score
        ? hit.Score < Score
        : Utf8Order.Compare(DocumentId, ChunkId, hit.DocumentId, hit.ChunkId) < 0;

    public Internal.V1.SearchPlace ToProto() => new()
    {
        Score = Score, Key = new ChunkKey { DocumentId = DocumentId, ChunkId = ChunkId }, Rank = Rank,
    };
}
