using Rag.Engine;
using Rag.Engine.Storage;
using Rag.Internal.V1;
using Rag.Shard.Embedding;
using Rag.Shard.Mapping;
using ChunkKey = Rag.Engine.ChunkKey;

namespace Rag.Shard.Services;

/// <summary>
/// Scores chunks by late interaction: with the vectors that they were written with, or with those that a model makes of
/// their texts. Thread-safe.
/// </summary>
internal sealed class ScoreHandler(ShardStore store, SliceResolver resolver, TokenVectors tokens)
{
    public async Task<ScoreChunksResponse> ScoreAsync(ScoreChunksRequest request, CancellationToken ct)
    {
        var (slice, settings) = resolver.ResolveOne(request.Target);
        if (request.Query is null && request.Model.Length == 0)
            throw new InvalidInputException("Send what chunks are to be compared with.");
        var query = MultiVectorMapping.ToEngine(request.Query, WorkspaceProfile.Of(settings));
        await store.WaitAsync(request.MinStamps, ct);
        var keys = request.Keys.Select(key => ChunkMapping.ToKey(key.DocumentId, key.ChunkId)).ToList();
        var scores = query is null
            ? await ScoreTextsAsync(slice, keys, request, ct)
            : await store.ScoreAsync(slice, keys, query, ct);
        var response = new ScoreChunksResponse();
        foreach (var score in scores)
            response.Scores.Add(score is { } known ? new ChunkScore { Score = known } : new ChunkScore());
        return response;
    }

    private async Task<float?[]> ScoreTextsAsync(
        SliceId slice, List<ChunkKey> keys, ScoreChunksRequest request, CancellationToken ct)
    {
        var chunks = await store.GetAsync(slice, keys, ReturnFields.Text, ct);
        var scored = Enumerable.Range(0, keys.Count).Where(i => chunks[i]?.Text is { Length: > 0 }).ToList();
        var scores = new float?[keys.Count];
        if (scored.Count == 0)
            return scores;
        var query = await tokens.EncodeAsync(request.Model, [request.Text], query: true, ct);
        var passages = await tokens.EncodeAsync(request.Model, [.. scored.Select(i => chunks[i]!.Text!)], query: false, ct);
        for (var i = 0; i < scored.Count; i++)
            scores[scored[i]] = MultiVector.Score(query[0], passages[i]);
        return scores;
    }
}
