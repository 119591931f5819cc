using Rag.Embedding;
using Rag.Shard.Mapping;
using Rag.V1;

namespace Rag.Shard.Embedding;

/// <summary>A model in use under the name that workspaces know it by.</summary>
internal sealed record LoadedModel(string Name, IEmbedder Embedder)
{
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
