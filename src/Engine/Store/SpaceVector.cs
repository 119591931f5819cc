namespace Rag.Engine;

/// <summary>A chunk's vector in one vector space.</summary>
/// <param name="Space">Name of the space; '' is the default space.</param>
/// <param name="Values">As many finite numbers as the space has dimensions; not all zero where the metric is cosine. In
/// a patch an empty vector removes the chunk's vector of this space.</param>
/// <param name="Encoder">What made the vector; stored beside it.</param>
public readonly record struct SpaceVector(
    string Space, ReadOnlyMemory<float> Values, VectorEncoder Encoder = VectorEncoder.Client);

/// <summary>What turned text into a vector. The numbers are stored: never change them.</summary>
public enum VectorEncoder : byte
{
    /// <summary>The caller brought the vector.</summary>
    Client = 0,

    /// <summary>The transformer: the chunk is refined.</summary>
    Full = 1,

    /// <summary>The distilled table.</summary>
    Lookup = 2,
}
