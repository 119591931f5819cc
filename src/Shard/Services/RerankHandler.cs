using Rag.Embedding;
using Rag.Internal.V1;
using Rag.Shard.Embedding;
using Rag.Shard.Mapping;

namespace Rag.Shard.Services;

/// <summary>Scores texts by how well they answer a query. Thread-safe.</summary>
internal sealed class RerankHandler(RerankerRegistry rerankers)
{
    private const int MaxTexts = 1000;

    public async Task<RerankTextsResponse> RerankAsync(RerankTextsRequest request, CancellationToken ct)
    {
        if (request.Texts.Count is 0 or > MaxTexts)
            throw new InvalidInputException($"Send 1 to {MaxTexts} texts.");
        var response = new RerankTextsResponse();
        try
        {
            response.Scores.AddRange(await rerankers.Get(request.Model).ScoreAsync(request.Query, request.Texts, ct));
        }
        catch (ModelFormatException fault)
        {
            throw new InvalidInputException($"Model '{request.Model}' cannot rerank: {fault.Message}");
        }

        return response;
    }
}
