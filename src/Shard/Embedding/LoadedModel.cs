using Rag.Embedding;
using Rag.Shard.Mapping;
using Rag.V1;

namespace Rag.Shard.Embedding;

/// <summary>A model in use under the name that workspaces know it by.</summary>
internal sealed record LoadedModel(string Name, IEmbedder Embedder)
{
    /// <summary>Whether queries that ask for no encoder may get the lookup one where the full one would be too late.</summary>
    public bool FallsBack { get; init; }

    /// <summary>The vector of a query.</summary>
    /// <param name="keepsEncoder">Whether the choice may not depend on how much there is to do, as for pages of one list.</param>
    /// <param name="deadline">UTC.</param>
    public async ValueTask<EncodedQuery> EncodeQueryAsync(
        string text, Encoder requested, bool keepsEncoder, DateTime deadline, CancellationToken ct)
    {
        var kind = Choose(requested);
        if (kind == EncoderKind.Full)
        {
            var fallsBack = FallsBack && requested == Encoder.Unspecified && !keepsEncoder;
            return await Embedder.EncodeQueryAsync(text, deadline - DateTime.UtcNow, fallsBack, ct);
        }

        return new EncodedQuery(await Embedder.EncodeQueryAsync(text, kind, ct), kind, FellBack: false);
    }

    /// <summary>The encoder that a call gets: what it asked for, else the full one, else what there is.</summary>
    /// <exception cref="InvalidInputException">The call asked for the full encoder and the model has none.</exception>
    public EncoderKind Choose(Encoder requested)
    {
        var info = Embedder.Model;
        return requested switch
        {
            // A model without a lookup table is simply always full.
            Encoder.Lookup => info.HasLookup ? EncoderKind.Lookup : EncoderKind.Full,
            Encoder.Full when !info.HasFull => throw new InvalidInputException(
                $"Model {Name} has no full encoder on this server; ask for the lookup one."),
            Encoder.Client => throw new InvalidInputException("ENCODER_CLIENT is for answers only."),
            _ => info.HasFull ? EncoderKind.Full : EncoderKind.Lookup,
        };
    }
}
