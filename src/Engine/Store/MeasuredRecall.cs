using Rag.Engine.Storage;

namespace Rag.Engine;

/// <summary>Recall that one vector space of a slice measured of itself.</summary>
/// <param name="Slice">The slice.</param>
/// <param name="Space">Name of the space.</param>
/// <param name="Vectors">Vectors in its index.</param>
/// <param name="Recall">Of the ten nearest, at the default recall target.</param>
public sealed record MeasuredRecall(SliceId Slice, string Space, int Vectors, float Recall);
