using Rag.Embedding;
using Rag.Internal.V1;
using Rag.Shard.Embedding;
using Rag.Shard.Mapping;
using Rag.Shard.Refinement;
using Rag.Tokenization;
using Rag.V1;

namespace Rag.Shard.Services;

/// <summary>Texts to vectors and tokens. Thread-safe.</summary>
internal sealed class EmbedHandler(ModelRegistry models, SearchActivity activity)
{
    private const int MaxTexts = 1000;

    /// <param name="deadline">UTC.</param>
    public async Task<EmbedTextsResponse> EmbedAsync(EmbedTextsRequest request, DateTime deadline, CancellationToken ct)
    {
        if (request.Texts.Count is 0 or > MaxTexts)
            throw new InvalidInputException($"Send 1 to {MaxTexts} texts.");
        var model = models.Get(request.Model);
        var kind = model.Choose(request.Encoder);
        var dimension = model.Embedder.Model.Dimension;
        var fellBack = false;
        var vectors = new float[request.Texts.Count * dimension];
        if (request.Query)
        {
            using var underWay = activity.Begin();
            for (var i = 0; i < request.Texts.Count; i++)
            {
                // One answer names one encoder.
                var query = await model.EncodeQueryAsync(
                    request.Texts[i], request.Encoder, request.KeepEncoder || request.Texts.Count > 1, deadline, ct);
                query.Vector.CopyTo(vectors.AsMemory(i * dimension));
                (kind, fellBack) = (query.Encoder, query.FellBack);
            }
        }
        else
        {
            await model.Embedder.EncodePassagesAsync(request.Texts, kind, vectors, ct);
        }

        var response = new EmbedTextsResponse
        {
            Vectors = VectorMapping.Pack(vectors),
            Dimension = dimension,
            Model = model.Name,
            Encoder = kind == EncoderKind.Lookup ? Encoder.Lookup : Encoder.Full,
            EncoderFallback = fellBack,
        };
        AddTokens(request, model.Embedder.Tokenizer, response);
        return response;
    }

    public ListModelsResponse ListModels()
    {
        var response = new ListModelsResponse();
        foreach (var model in models.List())
        {
            response.Models.Add(new Model
            {
                Name = model.Name,
                Dimension = model.Embedder.Model.Dimension,
                MaxTokens = LongestPassage(model.Embedder),
                Lookup = model.Embedder.Model.HasLookup,
                Default = model.Name == models.DefaultName,
            });
        }

        return response;
    }

    /// <summary>Tokens of a passage that the model reads whole: the input without [CLS], [SEP] and the prefix.</summary>
    private static int LongestPassage(IEmbedder embedder) => Math.Max(
        1, embedder.Model.MaxTokens - 2 - embedder.Tokenizer.CountTokens(embedder.Model.PassagePrefix));

    private static void AddTokens(EmbedTextsRequest request, ITokenizer tokenizer, EmbedTextsResponse response)
    {
        var tokens = new TokenBuffer();
        foreach (var text in request.Texts)
        {
            response.TokenCounts.Add(tokenizer.EncodeWhole(text, tokens));
            if (!request.ReturnTokenIds)
                continue;
            foreach (var id in tokens.Ids)
                response.TokenIds.Add(id);
        }
    }
}
