using Google.Protobuf;
using Rag.Internal.V1;
using Rag.Router.Errors;
using Rag.Router.Shards;
using Rag.Router.Validation;
using Rag.V1;

namespace Rag.Router.Embedding;

/// <summary>Turns callers' texts into vectors. Thread-safe.</summary>
internal sealed class EmbedHandler(TextEmbedder embedder, ModelCatalog models)
{
    public async Task<EmbedResponse> EmbedAsync(EmbedRequest request, CallScope scope)
    {
        Check(request);
        var model = await models.FindAsync(request.Model, scope) ?? throw Refuse.Invalid(
            "model", request.Model.Length == 0
                ? "This server has no default model: name one."
                : $"There is no model '{MetadataRules.Shorten(request.Model)}': this server has {models.Names}.");
        var call = new EmbedTextsRequest
        {
            Model = model.Name,
            Encoder = request.Encoder,
            Query = request.Purpose == EmbedPurpose.Query,
            ReturnTokenIds = request.ReturnTokenIds,
            KeepEncoder = true,
        };
        call.Texts.AddRange(request.Texts);
        return ToAnswer(await embedder.EmbedAsync(call, scope), request);
    }

    private static EmbedResponse ToAnswer(EmbedTextsResponse embedded, EmbedRequest request)
    {
        var bytes = embedded.Dimension * sizeof(float);
        if (embedded.Vectors.Length != bytes * request.Texts.Count)
        {
            throw new InvalidOperationException(
                $"{embedded.Vectors.Length} bytes of vectors for {request.Texts.Count} texts.");
        }

        var answer = new EmbedResponse { Model = embedded.Model, Encoder = embedded.Encoder };
        answer.TokenCounts.AddRange(embedded.TokenCounts);
        var token = 0;
        for (var i = 0; i < request.Texts.Count; i++)
        {
            var vector = embedded.Vectors.Span.Slice(i * bytes, bytes);
            answer.Vectors.Add(new Vector { Packed = ByteString.CopyFrom(vector) });
            if (!request.ReturnTokenIds)
                continue;
            var ids = new TokenIds();
            for (var end = token + embedded.TokenCounts[i]; token < end; token++)
                ids.Ids.Add(embedded.TokenIds[token]);
            answer.TokenIds.Add(ids);
        }

        return answer;
    }

    private static void Check(EmbedRequest request)
    {
        var violations = new Violations();
        if (request.Texts.Count is 0 or > Limits.Batch)
            violations.Add("texts", $"There are {request.Texts.Count}: send 1 to {Limits.Batch}.");
        for (var i = 0; i < request.Texts.Count; i++)
        {
            if (TextRules.IsLonger(request.Texts[i], Limits.TextBytes))
                violations.Add($"texts[{i}]", $"It is longer than {Limits.TextBytes} bytes of UTF-8: shorten it.");
        }

        if (request.Encoder is not (Encoder.Unspecified or Encoder.Full or Encoder.Lookup))
            violations.Add("encoder", "Use ENCODER_FULL or ENCODER_LOOKUP, or leave it out.");
        if (request.Purpose is not (EmbedPurpose.Unspecified or EmbedPurpose.Passage or EmbedPurpose.Query))
            violations.Add("purpose", "Use EMBED_PURPOSE_PASSAGE or EMBED_PURPOSE_QUERY, or leave it out.");
        violations.ThrowIfAny();
    }
}
