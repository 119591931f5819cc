using Rag.Engine;
using Rag.Internal.V1;
using Rag.Shard.Mapping;

namespace Rag.Shard.Services;

/// <summary>Scores chunks by late interaction with a query. Thread-safe.</summary>
internal sealed class ScoreHandler(ShardStore store, SliceResolver resolver)
{
    public async Task<ScoreChunksResponse> ScoreAsync(ScoreChunksRequest request, CancellationToken ct)
    {
        var (slice, settings) = resolver.ResolveOne(request.Target);
        if (request.Query is null)
            throw new InvalidInputException("Send what chunks are to be compared with.");
        var query = MultiVectorMapping.ToEngine(request.Query, WorkspaceProfile.Of(settings));
        await store.WaitAsync(request.MinStamps, ct);
        var keys = request.Keys.Select(key => ChunkMapping.ToKey(key.DocumentId, key.ChunkId)).ToList();
        var response = new ScoreChunksResponse();
        foreach (var score in await store.ScoreAsync(slice, keys, query, ct))
            response.Scores.Add(score is { } known ? new ChunkScore { Score = known } : new ChunkScore());
        return response;
    }
}
