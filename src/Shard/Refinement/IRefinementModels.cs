using Rag.Embedding;
using Rag.Shard.Embedding;
using Rag.Shard.Mapping;

namespace Rag.Shard.Refinement;

/// <summary>The encoders that refine.</summary>
internal interface IRefinementModels
{
    /// <summary>A model by its name; null if there is none here, or it cannot be used.</summary>
    IEmbedder? Find(string model);
}

/// <summary>Those of the shard.</summary>
internal sealed class RegisteredModels(ModelRegistry models) : IRefinementModels
{
    public IEmbedder? Find(string model)
    {
        try
        {
            return models.Get(model).Embedder;
        }
        catch (InvalidInputException)
        {
            // Whoever writes with it is told why.
            return null;
        }
    }
}
